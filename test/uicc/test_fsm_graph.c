/* The state graphs of ARCHITECTURE.md, drawn from the tables that the code obeys (uicc/slot/fsm.c,
 * uicc/applet/native/opchange.c). Goal: what is drawn is what is done. FSM_GRAPH=1 prints them,
 * which tools/dev/fsm_graph.sh puts into the page. */
#include "test/support/runner.h"
#include "uicc/applet/native.h"
#include "uicc/slot/slot.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE      "ARCHITECTURE.md"
#define GRAPH_MAX 4096
#define PAGE_MAX  (1U << 20)

/* A text as a name: what Mermaid takes for a state. */
static const char *name(const char *text, char out[32])
{
    size_t n = 0;

    for (; *text != '\0' && n < 31; text++)
        out[n++] = isalnum((unsigned char)*text) ? *text : '_';
    out[n] = '\0';
    return out;
}

static void add(char *graph, const char *text)
{
    size_t n = strlen(graph);

    ck_assert_uint_lt(n + strlen(text), GRAPH_MAX);
    (void)snprintf(graph + n, GRAPH_MAX - n, "%s", text);
}

static void line(char *graph, const char *from, const char *event, const char *to)
{
    char a[32], b[32], text[160];

    (void)snprintf(text, sizeof text, "    %s --> %s: %s\n", name(from, a), name(to, b), event);
    add(graph, text);
}

static void draw_slots(char *graph)
{
    const struct slot_row *row;

    (void)snprintf(graph, GRAPH_MAX, "```mermaid\nstateDiagram-v2\n    [*] --> empty\n");
    for (size_t n = 0; (row = slot_row(n)) != NULL; n++)
        line(graph, slot_state_text(row->from), slot_event_text(row->event),
             slot_state_text(row->to));
    add(graph, "    retired --> [*]\n```\n");
}

static void draw_change(char *graph)
{
    const struct native_opchange_row *row;
    char first[32];

    (void)snprintf(graph, GRAPH_MAX, "```mermaid\nstateDiagram-v2\n    [*] --> %s\n",
                   name(opchange_state_text(OPCHANGE_NEVER), first));
    for (size_t n = 0; (row = native_opchange_row(n)) != NULL; n++)
        line(graph, opchange_state_text(row->from), native_opchange_event_text(row->event),
             opchange_state_text(row->to));
    add(graph, "```\n");
}

static void (*const graphs[])(char *graph) = {draw_slots, draw_change};

START_TEST(graph_is_in_the_page)
{
    static char page[PAGE_MAX], graph[GRAPH_MAX];
    FILE *f;
    size_t n;

    graphs[_i](graph);
    if (getenv("FSM_GRAPH") != NULL) {
        (void)fputs(graph, stdout);
        return;
    }
    f = fopen(PAGE, "r");
    ck_assert_ptr_nonnull(f);
    n = fread(page, 1, sizeof page - 1, f);
    page[n] = '\0';
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_msg(strstr(page, graph) != NULL, "%s has not:\n%s(tools/dev/fsm_graph.sh)", PAGE,
                  graph);
}
END_TEST

/* The drawing is whole: each state that there is can be reached in it. */
START_TEST(every_slot_state_is_reached)
{
    const struct slot_row *row;
    bool reached[SLOT_RETIRED + 1] = {[SLOT_EMPTY] = true};

    for (size_t round = 0; round <= SLOT_RETIRED; round++) {
        for (size_t n = 0; (row = slot_row(n)) != NULL; n++)
            reached[row->to] |= reached[row->from];
    }
    for (size_t i = 0; i < ARRAY_LEN(reached); i++)
        ck_assert_msg(reached[i], "%s", slot_state_text((enum slot_state)i));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("fsm graph");
    TCase *c = tcase_create("TR 33.812 3b");

    tcase_add_loop_test(c, graph_is_in_the_page, 0, (int)ARRAY_LEN(graphs));
    tcase_add_test(c, every_slot_state_is_reached);
    suite_add_tcase(s, c);
    return s;
}
