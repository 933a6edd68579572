"""Why these tests exist: labels are bounded, nothing is lost in `other`, and a user's place outlives a restart."""

from collections import Counter
from datetime import timedelta

from book import DAY, NOON, TARGET, Book, MakeBook, query, start

from athena_exporter import catalog


def users(book: Book) -> dict[str, int | float]:
    book.ledger.reveal()
    found: Counter[str] = Counter()
    for labels, value in book.shown(catalog.USER_QUERIES).items():
        found[labels[0]] += int(value)
    return dict(found)


def count_one(book: Book, number: int, user: str) -> None:
    book.deliver(query(number), start(number, user, client=f"client of {user}"))


def test_the_first_users_own_the_places_and_the_rest_is_other(make_book: MakeBook) -> None:
    with make_book(limits={"user": 2}) as book:
        for number, user in enumerate(["ann", "bob", "cyd", "dan", "ann", "cyd"]):
            count_one(book, number, user)
        assert users(book) == {"ann": 2, "bob": 1, "other": 3}
        assert book.count(catalog.LABEL_OVERFLOW, "user") == 3


def test_places_are_kept_over_restarts(make_book: MakeBook) -> None:
    with make_book(limits={"user": 1}) as book:
        count_one(book, 1, "ann")
        book.reopen()
        count_one(book, 2, "bob")
        count_one(book, 3, "ann")
        assert users(book) == {"ann": 2, "other": 1}


def test_one_batch_alone_cannot_take_more_places_than_there_are(make_book: MakeBook) -> None:
    with make_book(limits={"user": 2}) as book:
        names = ["ann", "bob", "cyd", "dan"]
        book.deliver(*(query(n) for n in range(4)), *(start(n, name) for n, name in enumerate(names)))
        assert set(users(book)) == {"ann", "bob", "other"}


def test_without_any_places_everybody_is_other_but_the_reserved_words_stay(make_book: MakeBook) -> None:
    with make_book(limits={"user": 0, "client": 0, "database": 0}) as book:
        count_one(book, 1, "ann")
        book.deliver(query(2, database=None))
        book.looked(NOON + 10 * timedelta(hours=1))
        shown = book.shown(catalog.USER_QUERIES)
        assert {(user, database) for user, _, database, _ in shown} == {
            ("other", "other"),
            ("unattributed", "unknown"),
        }
        assert {client for client, _ in book.shown(catalog.CLIENT_QUERIES)} == {"other", "unknown"}


def test_every_label_has_its_own_budget_and_its_own_count(make_book: MakeBook) -> None:
    with make_book(limits={"user": 5, "client": 1, "database": 1}) as book:
        book.deliver(query(1, database="sales"), start(1, "ann", client="console"))
        book.deliver(query(2, database="web"), start(2, "bob", client="dbt-athena"))
        assert book.count(catalog.LABEL_OVERFLOW, "user") is None
        assert book.count(catalog.LABEL_OVERFLOW, "client") == 1
        assert book.count(catalog.LABEL_OVERFLOW, "database") == 1
        assert book.count(catalog.CLIENT_QUERIES, "other", "primary") == 1


def test_windows_show_users_without_a_place_as_other_and_reports_by_name(make_book: MakeBook) -> None:
    with make_book(limits={"user": 1}) as book:
        count_one(book, 1, "ann")
        count_one(book, 2, "bob")
        assert book.count(catalog.USER_WINDOW_QUERIES, "today", "other") == 1
        assert book.count(catalog.USER_WINDOW_QUERIES, "today", "bob") is None


def test_only_users_with_a_place_have_an_info_series(make_book: MakeBook) -> None:
    with make_book(limits={"user": 1}) as book:
        count_one(book, 1, "ann")
        count_one(book, 2, "bob")
        assert [labels[0] for labels in book.shown(catalog.USER_INFO)] == ["ann"]


def test_a_place_is_freed_with_its_series_when_its_owner_was_not_seen_for_long(make_book: MakeBook) -> None:
    with make_book(limits={"user": 1}, slot_idle=10 * DAY) as book:
        count_one(book, 1, "ann")
        later = NOON + 11 * DAY
        book.deliver(query(2, at=later), start(2, "bob", at=later), at=later)
        book.ledger.prune(TARGET)
        assert "ann" not in users(book)
        assert ("client of ann", "primary") not in book.shown(catalog.CLIENT_QUERIES)
        assert book.shown(catalog.QUERIES) == {("primary", "DML", "succeeded"): 2}, "workgroups have no places"
        book.deliver(query(3, at=later), start(3, "cyd", at=later), at=later)
        assert users(book) == {"other": 1, "cyd": 1}


def test_a_place_in_use_is_not_freed(make_book: MakeBook) -> None:
    with make_book(limits={"user": 1}, slot_idle=10 * DAY) as book:
        for number in range(4):
            at = NOON + number * 9 * DAY
            book.deliver(query(number, at=at), start(number, "ann", at=at), at=at)
            book.ledger.prune(TARGET)
        assert users(book) == {"ann": 4}


def test_a_freed_users_series_is_born_anew_when_they_return(make_book: MakeBook) -> None:
    with make_book(slot_idle=10 * DAY, series_warmup=timedelta(seconds=120)) as book:
        count_one(book, 1, "ann")
        book.hand.seconds += 120
        assert users(book) == {"ann": 1}
        later = NOON + 11 * DAY
        book.deliver(query(2, at=later), at=later)
        book.ledger.prune(TARGET)
        book.deliver(start(2, "ann", at=later), at=later)
        assert users(book) == {"ann": 0}
        book.hand.seconds += 120
        assert users(book) == {"ann": 1}


def test_a_full_family_puts_what_is_new_into_other_and_counts_it(make_book: MakeBook) -> None:
    with make_book(rules={"series_limit": 2}) as book:
        for number, database in enumerate(["a", "b", "c", "d"]):
            book.deliver(query(number, database=database), start(number, "ann"))
        book.ledger.reveal()
        databases = {labels[2]: value for labels, value in book.shown(catalog.USER_QUERIES).items()}
        assert databases == {"a": 1, "b": 1, "other": 2}
        assert users(book) == {"ann": 2, "other": 2}
        assert book.total(catalog.QUERIES) == 4
        assert book.count(catalog.LABEL_OVERFLOW, "user") == 2
        assert book.count(catalog.LABEL_OVERFLOW, "database") == 2
        assert book.count(catalog.LABEL_OVERFLOW, "client") is None


def test_a_full_family_still_counts_what_it_knows(make_book: MakeBook) -> None:
    with make_book(rules={"series_limit": 1}) as book:
        for number in range(3):
            book.deliver(query(number), start(number, "ann"))
        assert users(book) == {"ann": 3}
        assert book.count(catalog.LABEL_OVERFLOW, "user") is None


def test_a_family_without_budgeted_labels_has_no_other_to_go_to(make_book: MakeBook) -> None:
    with make_book(rules={"series_limit": 1}) as book:
        book.deliver(query(1, workgroup="a"), query(2, workgroup="b"), query(3, workgroup="c"))
        assert len(book.shown(catalog.QUERIES)) == 3
        assert book.total(catalog.QUERIES) == 3


def test_the_unattributed_keep_their_name_in_a_full_family(make_book: MakeBook) -> None:
    with make_book(rules={"series_limit": 1}) as book:
        book.deliver(query(1), start(1, "ann"), query(2))
        book.looked(NOON + DAY)
        assert users(book) == {"ann": 1, "unattributed": 1}


def test_hostile_names_come_out_as_they_came_in(book: Book) -> None:
    name = 'a"b\\c\nd\u2028e"}]'
    book.deliver(query(database=name), start(user=name))
    book.reopen()
    assert users(book) == {name: 1}
