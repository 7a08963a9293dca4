/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC option ROM: the firmware runs it before any operating system is loaded. It has the edu
 * device copy one page of memory over another, as a malicious device would of its own accord, and
 * says on the first serial port, in one line, what became of the second page. The line also stays
 * in the ROM's image, below 1 MiB, for the operating system. All else is as before when it returns:
 * the pages are the firmware's again, and edu's memory space and bus mastering are as they were
 * found.
 *
 * edu's buffer can be reached only by its own DMA engine, so there are two transfers: edu reads the
 * "attacker" page into its buffer, then writes the buffer over the "victim" page. An IOMMU that
 * blocks edu stops both.
 *
 * guest/preboot/make-rom assembles this and sets the two checksums.
 */
    .code16
    .text

    .equ ROM_BYTES, 2048                /* a multiple of 512 */

    .equ CONFIG_ADDRESS, 0xcf8
    .equ CONFIG_DATA, 0xcfc
    .equ CONFIG_ENABLE, 0x80000000
    .equ CONFIG_COMMAND, 0x04
    .equ CONFIG_BAR0, 0x10
    .equ COMMAND_MEMORY_AND_MASTER, 0x0006

    .equ EDU_VENDOR_AND_DEVICE, 0x11e81234
    .equ EDU_IDENTITY, 0x00
    .equ EDU_SOURCE, 0x80
    .equ EDU_DESTINATION, 0x88
    .equ EDU_COUNT, 0x90
    .equ EDU_COMMAND, 0x98
    .equ EDU_BUFFER, 0x40000            /* as the DMA engine sees it */
    .equ EDU_FROM_MEMORY, 1
    .equ EDU_TO_MEMORY, 3

    .equ COM1, 0x3f8
    .equ RTC_INDEX, 0x70
    .equ RTC_DATA, 0x71

    .equ PAGE_BYTES, 4096
    .equ BUFFER_BYTES, 2 * PAGE_BYTES   /* the victim page, then the attacker's */
    .equ VICTIM_WORD, 0x11111111
    .equ ATTACKER_WORD, 0xeeeeeeee

    .equ PMM_SIGNATURE, 0x4d4d5024      /* "$PMM" */
    .equ PMM_ALLOCATE, 0
    .equ PMM_FREE, 2
    .equ PMM_CONVENTIONAL_ALIGNED, 5    /* below 1 MiB, which edu reaches whatever its dma_mask */

/* --- headers ---------------------------------------------------------------------------------- */

    .globl rom
rom:
    .byte 0x55, 0xaa
    .byte ROM_BYTES / 512
    jmp start
    .org 6
rom_checksum:
    .byte 0                             /* make-rom sets it, `keep_line` sets it again */

    .org 0x18
    .word 0                             /* no PCI data structure: it belongs to no device */
    .word pnp

    /* With this header the firmware calls `start` on finding the ROM, and never boots from it. */
    .org 0x20
pnp:
    .ascii "$PnP"
    .byte 1                             /* revision */
    .byte 2                             /* length, in 16 bytes */
    .word 0                             /* no further header */
    .byte 0
    .byte 0                             /* checksum: make-rom sets it */
    .long 0                             /* device identifier */
    .word maker, product
    .byte 0, 0, 0                       /* device type */
    .byte 0                             /* device indicators */
    .word 0, 0, 0                       /* boot connection, disconnect, bootstrap entry: none */
    .word 0
    .word 0                             /* no static resources */

/* --- all of it -------------------------------------------------------------------------------- */

/*
 * Called far, in real mode. DS and ES are the ROM's own segment throughout, FS is all of the first
 * 4 GiB.
 */
start:
    pushfl
    pushal
    push %ds
    push %es
    push %fs
    cli
    cld
    push %cs
    pop %ds
    push %cs
    pop %es
    movw $line_text, line_end

    call find_edu
    jc 1f
    call take_memory
    jc 1f
    call open_edu
    jc 2f
    call attack
    call close_edu
2:  call give_memory_back
1:  call keep_line
    call send_line

    pop %fs
    pop %es
    pop %ds
    popal
    popfl
    xor %ax, %ax                        /* the ROM brought no device */
    lret

/* Everything between the firmware's memory and its end: fill, transfer, look. */
attack:
    mov buffer, %edi
    mov $VICTIM_WORD, %eax
    call fill_page
    mov $ATTACKER_WORD, %eax
    call fill_page                      /* the next page */

    mov buffer, %eax
    add $PAGE_BYTES, %eax
    mov $EDU_BUFFER, %ebx
    mov $EDU_FROM_MEMORY, %ecx
    call transfer
    jc 1f
    mov $EDU_BUFFER, %eax
    mov buffer, %ebx
    mov $EDU_TO_MEMORY, %ecx
    call transfer
    jc 1f

    call judge
    call add_text
    mov buffer, %eax
    call add_hex
    jmp 2f
1:  mov $text_unfinished, %si
    call add_text
2:  mov buffer, %edi                    /* leave no pattern behind */
    xor %eax, %eax
    call fill_page
    jmp fill_page

/* SI = the text that says what the victim page holds. */
judge:
    mov $VICTIM_WORD, %eax
    mov $text_stopped, %si
    call page_is
    je 1f
    mov $ATTACKER_WORD, %eax
    mov $text_overwrote, %si
    call page_is
    je 1f
    mov $text_spoiled, %si
1:  ret

/* ZF set if each dword of the victim page is EAX. */
page_is:
    mov buffer, %edi
    mov $PAGE_BYTES / 4, %ecx
1:  cmp %eax, %fs:(%edi)
    jne 2f
    add $4, %edi
    dec %ecx
    jnz 1b
2:  ret

/* Fill the page at EDI with EAX; EDI = the end of the page. */
fill_page:
    mov $PAGE_BYTES / 4, %ecx
1:  mov %eax, %fs:(%edi)
    add $4, %edi
    dec %ecx
    jnz 1b
    ret

/* --- the processor ---------------------------------------------------------------------------- */

/*
 * Give FS a limit of 4 GiB, which it keeps in real mode until it is loaded in protected mode again.
 * Changes EAX, BX.
 */
reach_all_memory:
    xor %eax, %eax
    mov %cs, %ax
    shl $4, %eax
    add $descriptors, %eax
    mov %eax, new_table + 2
    sgdtl old_table
    lgdtl new_table
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    mov $8, %bx
    mov %bx, %fs
    and $0xfe, %al
    mov %eax, %cr0
    xor %bx, %bx
    mov %bx, %fs
    lgdtl old_table
    ret

/* --- memory, from the firmware ---------------------------------------------------------------- */

/*
 * Find the firmware's memory manager and get `buffer` from it. Carry set, with the reason in the
 * line, if there is none.
 */
take_memory:
    call find_manager
    jc 1f
    pushw $PMM_CONVENTIONAL_ALIGNED
    pushl $0xffffffff                   /* no handle */
    pushl $BUFFER_BYTES / 16
    pushw $PMM_ALLOCATE
    lcall *manager
    add $12, %sp
    mov %ax, buffer
    mov %dx, buffer + 2
    cmpl $0, buffer
    je 1f
    clc
    ret
1:  mov $text_no_memory, %si
    call add_text
    stc
    ret

give_memory_back:
    pushl buffer
    pushw $PMM_FREE
    lcall *manager
    add $6, %sp
    ret

/*
 * `manager` = the entry point of POST memory management, whose structure lies at a multiple of 16
 * in E0000h-FFFFFh.
 */
find_manager:
    mov $0xe000, %dx
1:  mov %dx, %es
    cmpl $PMM_SIGNATURE, %es:0
    jne 2f
    xor %si, %si
    movzbw %es:5, %cx                   /* length; all its bytes together are 0 */
    xor %al, %al
3:  add %es:(%si), %al
    inc %si
    loop 3b
    test %al, %al
    jz 4f
2:  inc %dx
    jnz 1b
    stc
    jmp 5f
4:  mov %es:7, %eax
    mov %eax, manager
5:  push %ds                            /* flags stay */
    pop %es
    ret

/* --- edu -------------------------------------------------------------------------------------- */

/*
 * `edu` = the configuration address of the first edu. Carry set, with that in the line, if there is
 * none.
 */
find_edu:
    mov $CONFIG_ENABLE, %eax
1:  call config_read
    cmp $EDU_VENDOR_AND_DEVICE, %ecx
    je 2f
    inc %ecx                            /* was it all ones: no such function? */
    jnz 3f
    test $0x700, %eax                   /* and function 0: then the slot is empty */
    jnz 3f
    add $0x700, %eax
3:  add $0x100, %eax
    test $0x01000000, %eax              /* past the last bus */
    jz 1b
    mov $text_no_edu, %si
    call add_text
    stc
    ret
2:  mov %eax, edu
    clc
    ret

/*
 * Open edu's registers to the processor and memory to edu. Carry set, with the reason in the line,
 * if that cannot be.
 */
open_edu:
    mov edu, %eax
    add $CONFIG_COMMAND, %eax
    call config_read
    mov %ecx, found_command
    mov edu, %eax
    add $CONFIG_BAR0, %eax
    call config_read
    and $0xfffffff0, %ecx
    mov %ecx, registers
    jz 1f                               /* the firmware gave it no address */
    mov found_command, %ecx
    and $0xffff, %ecx                   /* the status bits above are cleared by ones */
    or $COMMAND_MEMORY_AND_MASTER, %ecx
    mov edu, %eax
    add $CONFIG_COMMAND, %eax
    call config_write
    call reach_all_memory
    mov registers, %edi
    mov %fs:EDU_IDENTITY(%edi), %eax
    cmp $0xed, %al
    je 2f
    call close_edu
1:  mov $text_silent, %si
    call add_text
    stc
    ret
2:  clc
    ret

close_edu:
    mov edu, %eax
    add $CONFIG_COMMAND, %eax
    mov found_command, %ecx
    and $0xffff, %ecx
    jmp config_write

/*
 * Have edu move one page from EAX to EBX by the command ECX, and wait. Carry set if it is not done
 * after two seconds.
 */
transfer:
    mov registers, %edi
    mov %eax, %fs:EDU_SOURCE(%edi)
    mov %ebx, %fs:EDU_DESTINATION(%edi)
    movl $PAGE_BYTES, %fs:EDU_COUNT(%edi)
    mov %ecx, %fs:EDU_COMMAND(%edi)
    mov $4, %cx                         /* seconds that begin; a misread one counts twice */
1:  call read_seconds
    mov %al, %ah
2:  testl $1, %fs:EDU_COMMAND(%edi)
    jz 3f                               /* carry is clear */
    call read_seconds
    cmp %al, %ah
    je 2b
    loop 1b
    stc
3:  ret

read_seconds:
    xor %al, %al
    out %al, $RTC_INDEX
    in $RTC_DATA, %al
    ret

/* ECX = the configuration dword at EAX. */
config_read:
    push %eax
    mov $CONFIG_ADDRESS, %dx
    out %eax, %dx
    mov $CONFIG_DATA, %dx
    in %dx, %eax
    mov %eax, %ecx
    pop %eax
    ret

/* The configuration dword at EAX = ECX. */
config_write:
    mov $CONFIG_ADDRESS, %dx
    out %eax, %dx
    mov $CONFIG_DATA, %dx
    mov %ecx, %eax
    out %eax, %dx
    ret

/* --- the line --------------------------------------------------------------------------------- */

/* Append the text at SI. */
add_text:
    mov line_end, %di
1:  lodsb
    stosb
    test %al, %al
    jnz 1b
    dec %di
    mov %di, line_end
    ret

/* Append EAX as 0x and eight digits. */
add_hex:
    mov line_end, %di
    mov %eax, %ebx
    mov $0x7830, %ax                    /* "0x" */
    stosw
    mov $8, %cx
1:  rol $4, %ebx
    mov %bl, %al
    and $15, %al
    cmp $10, %al
    jb 2f
    add $'a' - '0' - 10, %al
2:  add $'0', %al
    stosb
    loop 1b
    movb $0, (%di)
    mov %di, line_end
    ret

/*
 * The line is part of the image, which stays where it is; whoever looks at it later sees a ROM
 * whose checksum is right.
 */
keep_line:
    movb $0, rom_checksum
    xor %si, %si
    mov $ROM_BYTES, %cx
    xor %ah, %ah
1:  lodsb
    sub %al, %ah
    loop 1b
    mov %ah, rom_checksum
    ret

/* Send the line, at 115200 baud with 8 data bits. */
send_line:
    mov $serial_setup, %si
    mov $(serial_setup_end - serial_setup) / 2, %cx
1:  lodsw                               /* AL: register, AH: value */
    movzbw %al, %dx
    add $COM1, %dx
    mov %ah, %al
    out %al, %dx
    loop 1b
    mov $line, %si
2:  lodsb
    test %al, %al
    jz 3f
    call send
    jmp 2b
3:  mov $'\r', %al
    call send
    mov $'\n', %al
    /* falls through */

/* Send AL, or give up after a while: there may be no serial port. */
send:
    mov %al, %ah
    mov $COM1 + 5, %dx
    xor %cx, %cx                        /* 65536 times */
1:  in %dx, %al
    test $0x20, %al                     /* transmitter empty? */
    jnz 2f
    loop 1b
2:  mov %ah, %al
    mov $COM1, %dx
    out %al, %dx
    ret

/* --- data ------------------------------------------------------------------------------------- */

/*
 * Pairs of register and value: no interrupts, divisor 1, 8 data bits and one stop bit, FIFOs, DTR
 * and RTS.
 */
serial_setup:
    .byte 1, 0x00, 3, 0x83, 0, 0x01, 1, 0x00, 3, 0x03, 2, 0x07, 4, 0x03
serial_setup_end:

maker:           .asciz "amdvi"
product:         .asciz "edu before the operating system"

text_overwrote:  .asciz "edu overwrote memory at "
text_stopped:    .asciz "edu could not overwrite memory at "
text_spoiled:    .asciz "edu changed, but not to what it was told, memory at "
text_unfinished: .asciz "edu did not finish its transfer"
text_silent:     .asciz "edu does not answer"
text_no_edu:     .asciz "there is no edu in this machine"
text_no_memory:  .asciz "the firmware gave no memory"

    .balign 8
descriptors:                            /* none; data of 4 GiB from 0 */
    .quad 0, 0x00cf92000000ffff
new_table:
    .word . - descriptors - 1
    .long 0
old_table:
    .word 0
    .long 0

edu:             .long 0                /* configuration address */
found_command:   .long 0
registers:       .long 0                /* physical address of BAR 0 */
manager:         .long 0                /* far pointer */
buffer:          .long 0                /* physical address */
line_end:        .word 0

line:            .ascii "preboot: "
line_text:       .fill 96, 1, 0

    .org ROM_BYTES
