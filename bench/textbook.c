/* SPDX-License-Identifier: BSD-2-Clause */
/* The comparator: one mutex, one chained hash table, one call for each read of memory. */
#include "textbook.h"

#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>

#include <pthread.h>
#include <stdlib.h>

#define BUCKETS_LOG2 14

enum kind {
    KIND_NONE, /* not in a bucket */
    KIND_DEVICE,
    KIND_PAGE,
    KIND_INTERRUPT,
};

struct node {
    struct node *next;
    enum kind kind;
    uint16_t owner;  /* DeviceID, or DomainID of a page */
    uint64_t number; /* of the page or interrupt */
    uint64_t value;  /* SPA of the page; data of the interrupt */
    bool read;
    bool write;
    struct amdvi_dte dte; /* KIND_DEVICE */
};

struct textbook {
    struct textbook_host host;
    pthread_mutex_t lock;
    struct node *buckets[1 << BUCKETS_LOG2];
    struct node *nodes;
    unsigned node_count;
    unsigned oldest; /* the node that goes when one is needed */
    unsigned head;   /* of the command ring */
};

struct textbook *textbook_create(const struct textbook_host *host, unsigned entries)
{
    struct textbook *textbook = calloc(1, sizeof(*textbook));

    if (textbook == NULL) {
        abort();
    }
    textbook->host = *host;
    textbook->node_count = entries;
    textbook->nodes = calloc(entries, sizeof(*textbook->nodes));
    if (textbook->nodes == NULL) {
        abort();
    }
    pthread_mutex_init(&textbook->lock, NULL);
    return textbook;
}

void textbook_destroy(struct textbook *textbook)
{
    pthread_mutex_destroy(&textbook->lock);
    free(textbook->nodes);
    free(textbook);
}

static struct node **bucket_of(struct textbook *textbook, enum kind kind, uint16_t owner,
                               uint64_t number)
{
    uint64_t mixed =
        (number ^ (uint64_t)owner << 40 ^ (uint64_t)kind << 60) * UINT64_C(0x9e3779b97f4a7c15);

    return &textbook->buckets[mixed >> (64 - BUCKETS_LOG2)];
}

static struct node *find(struct textbook *textbook, enum kind kind, uint16_t owner, uint64_t number)
{
    struct node *node = *bucket_of(textbook, kind, owner, number);

    while (node != NULL && (node->kind != kind || node->owner != owner || node->number != number)) {
        node = node->next;
    }
    return node;
}

static void drop(struct textbook *textbook, struct node *node)
{
    struct node **link = bucket_of(textbook, node->kind, node->owner, node->number);

    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    node->kind = KIND_NONE;
}

static struct node *add(struct textbook *textbook, enum kind kind, uint16_t owner, uint64_t number)
{
    struct node *node = &textbook->nodes[textbook->oldest];
    struct node **bucket = bucket_of(textbook, kind, owner, number);

    textbook->oldest = (textbook->oldest + 1) % textbook->node_count;
    if (node->kind != KIND_NONE) {
        drop(textbook, node);
    }
    *node = (struct node){.next = *bucket, .kind = kind, .owner = owner, .number = number};
    *bucket = node;
    return node;
}

static bool read_word(struct textbook *textbook, uint64_t spa, uint64_t *word)
{
    struct amdvi_le64 wire;

    if (textbook->host.read(textbook->host.ctx, spa, &wire, sizeof(wire)) != AMDVI_MEMORY_OK) {
        return false;
    }
    *word = amdvi_le64_decode(&wire);
    return true;
}

static const struct amdvi_dte *device(struct textbook *textbook, uint16_t device_id)
{
    struct node *node = find(textbook, KIND_DEVICE, device_id, 0);
    struct amdvi_wire_dte wire;

    if (node != NULL) {
        return &node->dte;
    }
    uint64_t spa = textbook->host.device_table + AMDVI_DTE_BYTES * (uint64_t)device_id;
    if (textbook->host.read(textbook->host.ctx, spa, &wire, sizeof(wire)) != AMDVI_MEMORY_OK) {
        return NULL;
    }
    node = add(textbook, KIND_DEVICE, device_id, 0);
    amdvi_dte_decode(&node->dte, &wire);
    return &node->dte;
}

/* The comparator knows pages of 4 KiB only: what is larger is kept in pieces. */
static struct node *walk(struct textbook *textbook, const struct amdvi_dte *dte, uint64_t iova)
{
    uint64_t table = dte->page_root;
    bool read = true;
    bool write = true;

    for (unsigned level = dte->mode; level != 0;) {
        uint64_t word;
        if (!read_word(textbook, table + AMDVI_PTE_BYTES * (uint64_t)amdvi_level_index(level, iova),
                       &word)) {
            return NULL;
        }
        struct amdvi_pte pte = amdvi_pte_decode(word, level);
        read = read && pte.read;
        write = write && pte.write;
        if (pte.kind == AMDVI_PTE_LEAF) {
            struct node *node = add(textbook, KIND_PAGE, dte->domain_id, iova >> AMDVI_PAGE_LOG2);
            uint64_t inside = iova & (AMDVI_BIT(pte.size_log2) - 1);
            node->value = pte.spa + (inside & ~(AMDVI_BIT(AMDVI_PAGE_LOG2) - 1));
            node->read = read;
            node->write = write;
            return node;
        }
        if (pte.kind != AMDVI_PTE_POINTER) {
            return NULL;
        }
        level = pte.next_level;
        table = pte.spa;
    }
    return NULL;
}

static void *page_pointer(struct textbook *textbook, uint16_t device_id, uint64_t iova,
                          enum amdvi_access access)
{
    const struct amdvi_dte *found = device(textbook, device_id);
    if (found == NULL || !found->valid || !found->translation) {
        return NULL;
    }
    struct amdvi_dte dte = *found; /* a walk may need its node */
    struct node *node = find(textbook, KIND_PAGE, dte.domain_id, iova >> AMDVI_PAGE_LOG2);
    if (node == NULL) {
        node = walk(textbook, &dte, iova);
    }
    bool wants_read = access != AMDVI_ACCESS_WRITE;
    bool wants_write = access != AMDVI_ACCESS_READ;
    if (node == NULL || (wants_read && !(node->read && dte.read)) ||
        (wants_write && !(node->write && dte.write))) {
        return NULL;
    }
    uint64_t run_bytes = 4096;
    return textbook->host.map(textbook->host.ctx, node->value | (iova & 4095), wants_write,
                              &run_bytes);
}

void *textbook_pointer(struct textbook *textbook, uint16_t device_id, uint64_t iova,
                       enum amdvi_access access)
{
    pthread_mutex_lock(&textbook->lock);
    void *host = page_pointer(textbook, device_id, iova, access);
    pthread_mutex_unlock(&textbook->lock);
    return host;
}

unsigned textbook_segments(struct textbook *textbook, uint16_t device_id, uint64_t iova,
                           uint64_t size_bytes, struct amdvi_segment *segments)
{
    unsigned count = 0;

    for (uint64_t done = 0; done < size_bytes; done += 4096) {
        uint8_t *host = textbook_pointer(textbook, device_id, iova + done, AMDVI_ACCESS_READ);

        if (count != 0 &&
            (uint8_t *)segments[count - 1].host + segments[count - 1].size_bytes == host) {
            segments[count - 1].size_bytes += 4096;
        } else {
            segments[count++] = (struct amdvi_segment){.host = host, .size_bytes = 4096};
        }
    }
    return count;
}

static uint32_t interrupt(struct textbook *textbook, uint16_t device_id, uint32_t index)
{
    struct node *node = find(textbook, KIND_INTERRUPT, device_id, index);
    struct amdvi_le32 wire;
    const struct amdvi_dte *dte = device(textbook, device_id);

    if (dte == NULL || !dte->interrupt_valid || dte->int_ctl != AMDVI_INT_CTL_REMAP ||
        index >> dte->int_tab_len != 0) {
        return 0;
    }
    if (node != NULL) {
        return (uint32_t)node->value;
    }
    if (textbook->host.read(textbook->host.ctx,
                            dte->interrupt_root + AMDVI_IRTE_BYTES * (uint64_t)index, &wire,
                            sizeof(wire)) != AMDVI_MEMORY_OK) {
        return 0;
    }
    struct amdvi_irte irte = amdvi_irte_decode(amdvi_le32_decode(&wire));
    if (!irte.remap_enable || irte.has_reserved) {
        return 0;
    }
    node = add(textbook, KIND_INTERRUPT, device_id, index);
    node->value = (uint64_t)irte.int_type << 8 | irte.vector;
    return (uint32_t)node->value;
}

uint32_t textbook_remap(struct textbook *textbook, uint16_t device_id, uint32_t data)
{
    pthread_mutex_lock(&textbook->lock);
    uint32_t remapped =
        interrupt(textbook, device_id, (uint32_t)amdvi_get(data, AMDVI_MSI_DATA_INDEX));
    pthread_mutex_unlock(&textbook->lock);
    return remapped;
}

/* One page is looked up; of a range, each node is looked at. */
static void drop_pages(struct textbook *textbook, uint16_t domain_id, struct amdvi_iova_range range)
{
    uint64_t first = range.first >> AMDVI_PAGE_LOG2;
    uint64_t last = range.last >> AMDVI_PAGE_LOG2;

    if (first == last) {
        struct node *node = find(textbook, KIND_PAGE, domain_id, first);
        if (node != NULL) {
            drop(textbook, node);
        }
        return;
    }
    for (unsigned i = 0; i < textbook->node_count; i++) {
        struct node *node = &textbook->nodes[i];
        if (node->kind == KIND_PAGE && node->owner == domain_id && node->number >= first &&
            node->number <= last) {
            drop(textbook, node);
        }
    }
}

static void drop_device(struct textbook *textbook, uint16_t device_id)
{
    struct node *node = find(textbook, KIND_DEVICE, device_id, 0);

    if (node != NULL) {
        drop(textbook, node);
    }
}

static void run(struct textbook *textbook, const struct amdvi_command *command)
{
    struct amdvi_le64 data;

    switch (command->opcode) {
    case AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES:
        drop_pages(textbook, command->domain_id, amdvi_inv_range(command->address, command->size));
        break;
    case AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY:
        drop_device(textbook, command->device_id);
        break;
    case AMDVI_OPCODE_COMPLETION_WAIT:
        amdvi_le64_encode(&data, command->store_data);
        textbook->host.write(textbook->host.ctx, command->store_address, &data, sizeof(data));
        break;
    case AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES:
    case AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE:
        break;
    }
}

void textbook_tell(struct textbook *textbook, unsigned count)
{
    pthread_mutex_lock(&textbook->lock);
    for (unsigned i = 0; i < count; i++) {
        struct amdvi_wire_command wire;
        struct amdvi_command command;
        uint64_t spa = textbook->host.commands + AMDVI_CMD_BYTES * (uint64_t)textbook->head;

        if (textbook->host.read(textbook->host.ctx, spa, &wire, sizeof(wire)) == AMDVI_MEMORY_OK &&
            amdvi_command_decode(&command, &wire)) {
            run(textbook, &command);
        }
        textbook->head = (textbook->head + 1) % textbook->host.ring_entries;
    }
    pthread_mutex_unlock(&textbook->lock);
}
