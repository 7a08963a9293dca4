/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the loader to C. Two loaders come in by the same door, in 32-bit protected mode without
 * paging: QEMU's -kernel by the PVH note (EBX: its start info), GRUB by Multiboot 2 (EAX: magic,
 * EBX: its information). And the entries of all 256 interrupt vectors.
 */
    .equ PRESENT_WRITABLE, 0x003

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18                      /* lengths of name and value, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad start

    .section .multiboot, "a"
    .balign 8
multiboot:
    .long 0xe85250d6, 0, multiboot_end - multiboot
    .long -(0xe85250d6 + (multiboot_end - multiboot))
    .word 0, 0                          /* no wishes */
    .long 8
multiboot_end:

    .text
    .code32
    .globl start
start:
    cli
    cld
    mov $stack_top, %esp
    mov %eax, %esi                      /* kept for kernel_main, as EBX is */

    /* Virtual is physical up to 4 GiB; memory_map_device() adds what devices need. */
    movl $first_directory + PRESENT_WRITABLE, page_root
    movl $directories + PRESENT_WRITABLE, first_directory
    movl $directories + 4096 + PRESENT_WRITABLE, first_directory + 8
    movl $directories + 2 * 4096 + PRESENT_WRITABLE, first_directory + 16
    movl $directories + 3 * 4096 + PRESENT_WRITABLE, first_directory + 24
    mov $0x080 | PRESENT_WRITABLE, %eax /* 2048 pages of 2 MiB */
    mov $directories, %edi
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $1 << 21, %eax
    add $8, %edi
    loop 1b

    mov $page_root, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $1 << 5, %eax                    /* PAE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx               /* EFER */
    rdmsr
    or $1 << 8, %eax                    /* LME */
    wrmsr
    mov %cr0, %eax
    or $1 << 31 | 1 << 16, %eax         /* PG, WP */
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $start64

    .code64
start64:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %esi, %edi
    mov %ebx, %esi
    call kernel_main                    /* does not return */

/* One entry of 16 bytes for each vector; the processor pushes an error code for some. */
    .globl interrupt_entries
    .balign 16
interrupt_entries:
    .set vector, 0
    .rept 256
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    push $0
    .endif
    push $vector
    jmp save_registers
    .balign 16
    .set vector, vector + 1
    .endr

/* In the order of struct interrupt_frame, from its end. */
save_registers:
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    push %\register
    .endr
    cld
    mov %rsp, %rdi
    call interrupt_dispatch
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    pop %\register
    .endr
    add $16, %rsp
    iretq

    .section .rodata
    .balign 8
gdt:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff /* code of 64 bits, data */
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .bss
    .balign 4096
    .globl page_root
page_root:       .skip 4096
first_directory: .skip 4096
directories:     .skip 4 * 4096
    .skip 32768
stack_top:
