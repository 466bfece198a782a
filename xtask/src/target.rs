//! The boards that the firmware is built for.

use std::fmt;
use std::str::FromStr;

use anyhow::bail;

/// An appliance's processor; the reference board with it is QEMU's `virt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// 64-bit ARM.
    Aarch64,
    /// 32-bit ARMv7-A with hardware floating point: the first one.
    Armv7,
}

impl Target {
    pub(crate) const ALL: [Self; 2] = [Self::Armv7, Self::Aarch64];

    /// The word for it on the command line, and in the name of what is built.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::Armv7 => "armv7",
        }
    }

    /// As rustc calls it.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::Armv7 => "armv7-unknown-linux-gnueabihf",
        }
    }

    /// Flags of rustc, each after a space, for code that is small. Every ARMv7-A has
    /// Thumb-2, which takes a quarter less room than what rustc makes of itself; Debian's
    /// C compiler makes it anyhow. rustc says with each crate that the flag's name may
    /// change.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Aarch64 => "",
            Self::Armv7 => " -C target-feature=+thumb-mode",
        }
    }

    /// As Debian calls the architecture.
    pub(crate) fn debian(self) -> &'static str {
        match self {
            Self::Aarch64 => "arm64",
            Self::Armv7 => "armhf",
        }
    }

    /// As U-Boot calls the architecture.
    pub(crate) fn u_boot(self) -> &'static str {
        match self {
            Self::Aarch64 => "arm64",
            Self::Armv7 => "arm",
        }
    }

    /// The C compiler that builds for it, which is the linker too.
    pub(crate) fn gcc(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-linux-gnu-gcc",
            Self::Armv7 => "arm-linux-gnueabihf-gcc",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Target {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|target| target.name() == name);
        match found {
            Some(target) => Ok(target),
            None => bail!(
                "there is no target \"{name}\"; choose one of {}",
                Self::ALL.map(Self::name).join(", ")
            ),
        }
    }
}
