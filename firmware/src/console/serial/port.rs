//! A terminal device of the system, as a stream of octets.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::termios::{
    ControlModes, InputModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr,
    tcsetattr,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

use crate::config::SerialLine;
use crate::console::terminal::Wire;
use crate::limits::SERIAL_SHOW_MAX;

/// An open serial line. To the runtime, its two directions are a pipe each: it waits for
/// them and reads and writes, and no more is asked of it here.
pub(super) struct Port {
    from: pipe::Receiver,
    to: pipe::Sender,
}

impl Port {
    /// Opens the device, at its speed, with 8 bits, no parity and one stop bit.
    pub(super) fn open(line: &SerialLine) -> io::Result<Self> {
        let flags = OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let device = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(&line.device)?;
        let mut settings = tcgetattr(&device)?;
        set(&mut settings, line.speed)?;
        tcsetattr(&device, OptionalActions::Now, &settings)?;
        // What came before was not for us, or garbled by another speed.
        tcflush(&device, QueueSelector::IFlush)?;
        let to = device.try_clone()?;
        Ok(Self {
            from: pipe::Receiver::from_file_unchecked(device)?,
            to: pipe::Sender::from_file_unchecked(to)?,
        })
    }
}

fn set(settings: &mut Termios, speed: u32) -> io::Result<()> {
    settings.make_raw();
    settings.set_speed(speed)?;
    // Either side may have the other wait (XON and XOFF), so that a paste loses nothing.
    settings.input_modes |= InputModes::IXON | InputModes::IXOFF | InputModes::IGNBRK;
    settings.control_modes |= ControlModes::CS8 | ControlModes::CREAD | ControlModes::HUPCL;
    // A carrier that is lost hangs up. A cable with three wires has none to lose.
    settings.control_modes -= ControlModes::PARENB | ControlModes::CSTOPB | ControlModes::CLOCAL;
    settings.control_modes -= ControlModes::CRTSCTS;
    Ok(())
}

impl Wire for Port {
    const SHOW_MAX: Duration = SERIAL_SHOW_MAX;

    async fn read(&mut self, typed: &mut Vec<u8>) -> io::Result<()> {
        let mut octets = [0; 512];
        let read = self.from.read(&mut octets).await?;
        if read == 0 {
            return Err(io::Error::other("the carrier was lost"));
        }
        typed.extend(octets.iter().take(read));
        Ok(())
    }

    async fn write(&mut self, shown: &[u8]) -> io::Result<()> {
        self.to.write_all(shown).await
    }
}
