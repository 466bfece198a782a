# U-Boot's script. It starts the root slot that is good, or once the one that is to be
# tried. The record in the partition "slots" is one sector, so that it is written whole
# or not: an environment with a checksum, as `env export -c` writes it.
#   good  the slot, a or b, that has shown itself healthy
#   next  the slot to be tried once; empty where there is none
#   tried the slot that was tried last; it stays until it is good
# The unit adds one that is of no use here, and gone with the next trial: told.
setenv good a
setenv next
setenv tried
part number virtio 0 slots slots_part
part start virtio 0 slots record
if virtio read ${scriptaddr} ${record} 1; then
    env import -c ${scriptaddr} 200 good next tried
fi
setenv slot ${good}
setenv trial
if test "${next}" = a -o "${next}" = b; then
    setenv slot ${next}
    setenv tried ${next}
    setenv next
    setenv trial countersign.trial
    env export -c -s 200 ${scriptaddr} good next tried
    virtio write ${scriptaddr} ${record} 1
fi
if test "${slot}" = b; then setenv other a; else setenv slot a; setenv other b; fi
# The image is checked by its SHA-256 before it starts; one that is damaged does not.
setenv image_addr 0x48000000
setenv image ${image_addr}#countersign
setenv fixed "console=@SERIAL@,115200 quiet panic=10"
for now in ${slot} ${other}; do
    echo "Starting slot ${now}"
    part start virtio 0 root-${now} first
    part size virtio 0 root-${now} sectors
    virtio read ${image_addr} ${first} ${sectors}
    setenv bootargs "${fixed} countersign.slot=${now} ${trial}"
    bootm ${image} ${image} ${fdtcontroladdr}
    echo "Slot ${now} does not start"
    setenv trial
done
reset
