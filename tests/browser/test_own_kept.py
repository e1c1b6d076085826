"""Storage of the visitor's classes: over visits, in several tabs, with a full or unresponsive storage."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from hosting import Preview
from own_pictures import add_files, card, choose, count, has, photos, shaken, train
from playwright.sync_api import Page
from strokes import DIGITS, draw
from visits import Visit

# Nothing else is read or written until `isFree` is true.
HOLD = """() => new Promise((done) => {
  window.isFree = false;
  indexedDB.open('own-pictures').onsuccess = ({ target: { result: database } }) => {
    const store = database.transaction(['groups', 'pictures', 'maps'], 'readwrite').objectStore('groups');
    const goOn = () => {
      if (window.isFree) database.close();
      else store.count().onsuccess = goOn;
      done();
    };
    store.count().onsuccess = goOn;
  };
})"""

# Sends the page the message of another tab.
TELL = """() => new Promise((done) => {
  const [from, to] = [new BroadcastChannel('own-pictures'), new BroadcastChannel('own-pictures')];
  to.onmessage = () => done();
  from.postMessage(null);
})"""

# Messages of other tabs are queued while `waiting` is a list.
HARD_OF_HEARING = """
const { addEventListener } = BroadcastChannel.prototype;
BroadcastChannel.prototype.addEventListener = function (type, act) {
  addEventListener.call(this, type, () => (window.waiting ? window.waiting.push(act) : act()));
};
"""

# Adds a class when the stored ones are read next.
CHANGED_WHILE_READ = """() => {
  const { getAll } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.getAll = function (...all) {
    IDBObjectStore.prototype.getAll = getAll;
    document.getElementById('add-class').click();
    return getAll.apply(this, all);
  };
}"""

# A store is full until `makeRoom()`. A smaller quota would take effect only later.
NO_ROOM = """(store) => {
  const { put } = IDBObjectStore.prototype;
  window.makeRoom = () => {
    IDBObjectStore.prototype.put = put;
  };
  IDBObjectStore.prototype.put = function (...all) {
    if (this.name === store) throw new DOMException('full', 'QuotaExceededError');
    return put.apply(this, all);
  };
}"""


@pytest.fixture
def other(own: Visit) -> Iterator[Visit]:
    """The page in another tab."""
    with own.page.context.new_page() as page:
        other = Visit(page)
        page.goto(own.page.url)
        yield other
        other.check()


def has_classes(visit: Visit, n: int) -> None:
    """Wait until there are so many classes."""
    visit.until(f"document.querySelectorAll('.card').length === {n}", seconds=10)


def test_two_tabs_show_the_same_classes(own: Visit, other: Visit) -> None:
    for tab, n in ((own, 3), (other, 4)):
        tab.page.click("#add-class")
        for each in (own, other):
            has_classes(each, n)
    add_files(own, 1, photos("dots", 1))
    has(other, 1, 1)
    own.page.reload()
    has(own, 1, 1)
    assert own.page.locator("#classes .card").count() == 4


@pytest.mark.full
def test_other_tab_keeps_unsaved_pictures(own: Visit, other: Visit) -> None:
    add_files(own, 0, photos("dots", 2))
    has(other, 0, 2)
    own.page.evaluate(NO_ROOM, "pictures")
    add_files(own, 0, photos("dots", 3, seed=1))
    own.wait_for("#kept", "Your browser has no room left for these pictures")
    card(other, 0).locator(".cross").first.click()  # to make room
    has(own, 0, 4)
    own.page.evaluate("makeRoom()")
    own.page.click("#keep-again")
    own.wait_for("#kept", "4 pictures, stored in this browser only")
    has(other, 0, 4)


def test_space_freed_by_another_tab_is_used(own: Visit, other: Visit) -> None:
    add_files(own, 0, photos("dots", 1))
    has(other, 0, 1)
    own.page.evaluate(NO_ROOM, "pictures")
    add_files(own, 1, photos("checks", 1))
    own.wait_for("#kept", "Your browser has no room left for these pictures")
    own.page.evaluate("makeRoom()")
    other.page.click("#clear-all")
    own.wait_for("#kept", "1 picture, stored in this browser only")
    has_classes(other, 3)
    for tab in (own, other):
        assert [count(tab, i) for i in range(3)] == [1, 0, 0]  # its class is the oldest


@pytest.mark.full
def test_change_after_a_change_of_another_tab(own: Visit) -> None:
    own.page.click("#add-class")
    has_classes(own, 3)
    own.stand_still()  # until it is stored
    own.page.evaluate(HOLD)
    own.page.click("#add-class")
    own.page.evaluate(TELL)
    own.page.click("#add-class")
    own.page.evaluate("window.isFree = true")
    own.stand_still()
    has_classes(own, 5)
    own.page.reload()
    has_classes(own, 5)


@pytest.mark.full
def test_change_while_a_change_of_another_tab_is_read(own: Visit, other: Visit) -> None:
    own.page.click("#add-class")
    for tab in (own, other):
        has_classes(tab, 3)
        tab.stand_still()
    own.page.evaluate(CHANGED_WHILE_READ)
    add_files(other, 0, photos("dots", 1))
    for tab in (own, other):
        has_classes(tab, 4)
        has(tab, 0, 1)


@pytest.mark.full
def test_class_removed_by_another_tab_keeps_new_pictures(own: Visit, other: Visit) -> None:
    own.page.add_init_script(HARD_OF_HEARING)
    own.page.reload()
    own.page.click("#add-class")
    has_classes(other, 3)
    add_files(own, 2, photos("dots", 1))
    has(other, 2, 1)
    own.page.evaluate("window.waiting = []")
    card(other, 2).locator(".quiet").click()
    own.until("window.waiting.length === 1")
    add_files(own, 2, photos("checks", 1))
    has_classes(other, 3)
    has(other, 2, 1)
    own.page.evaluate("window.waiting.forEach((act) => act())")
    has(own, 2, 1)
    own.page.reload()
    has_classes(own, 3)
    has(own, 2, 1)


def test_full_storage(own: Visit) -> None:
    devtools = own.page.context.new_cdp_session(own.page)
    origin = own.page.evaluate("location.origin")
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1})
    add_files(own, 0, photos("dots", 3))
    own.wait_for("#kept", "Your browser has no room left for these pictures")
    has(own, 0, 3)  # they exist as long as the page
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": origin})
    own.page.click("#keep-again")
    own.wait_for("#kept", "3 pictures, stored in this browser only")
    own.page.reload()
    has(own, 0, 3)


# A browser without a database, and Firefox where it stores no data of sites.
NO_DATABASE = "Object.defineProperty(window, 'indexedDB', { value: undefined });"
NO_CHANNEL = "window.BroadcastChannel = function () { throw new DOMException('', 'SecurityError') };"


@pytest.mark.parametrize("script", [NO_DATABASE, NO_DATABASE + NO_CHANNEL], ids=["database", "site data"])
def test_browser_without_storage(enter: Callable[..., Visit], server: Preview, script: str) -> None:
    visit = enter("about:blank", python=False)
    visit.page.context.add_init_script(script)
    visit.page.goto(f"{server.url}own.html")
    visit.wait_for("#kept", "Your browser stores nothing for this page")
    assert "stored" not in visit.text("#training-hint")
    add_files(visit, 0, photos("dots", 2))
    has(visit, 0, 2)


@pytest.mark.full
def test_unresponsive_storage(own: Visit) -> None:
    add_files(own, 0, photos("dots", 2))
    own.wait_for("#kept", "2 pictures, stored in this browser only")
    busy: Page = own.page.context.new_page()
    busy.goto(own.page.url)
    busy.evaluate(HOLD)
    own.page.reload()
    own.wait_for("#kept", "Your browser’s storage does not answer.")
    add_files(own, 0, photos("checks", 1))
    has(own, 0, 1)
    own.page.click("#language")
    own.wait_for("#kept", "応答がありません")
    own.page.click("#language")
    busy.close()
    own.wait_for("#kept", "3 pictures, stored in this browser only")
    own.page.reload()
    own.wait_for("#kept", "3 pictures, stored in this browser only")
    has(own, 0, 2)
    has(own, 2, 1)  # in a class of the visit that did not know of the others


def delete_data(visit: Visit) -> None:
    """As in the browser's settings: it closes the database."""
    devtools = visit.page.context.new_cdp_session(visit.page)
    origin = visit.page.evaluate("location.origin")
    devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "indexeddb"})
    visit.wait_for("#kept", "Your browser stores nothing for this page")


def test_data_deleted_by_the_visitor(own: Visit) -> None:
    """The next change stores the page's pictures again, in a new database."""
    add_files(own, 0, photos("dots", 2))
    has(own, 0, 2)
    own.stand_still()  # until they are stored
    delete_data(own)
    add_files(own, 0, photos("checks", 1))
    own.wait_for("#kept", "3 pictures, stored in this browser only")
    own.page.reload()
    has(own, 0, 3)


@pytest.mark.full
def test_network_too_large_for_the_storage(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}own.html")
    choose(visit, "drawings")
    hand = random.Random(2)
    for i, digit in enumerate((2, 5)):
        for _ in range(2):
            draw(visit.page, shaken(DIGITS[digit], hand))
            card(visit, i).locator(".add").click()
        has(visit, i, 2)
    visit.page.evaluate(NO_ROOM, "models")
    train(visit)
    visit.wait_for("#kept", "it could not store the network")
    visit.page.evaluate("makeRoom()")
    visit.page.click("#keep-again")
    visit.wait_for("#kept", "4 pictures, stored in this browser only")
    visit.page.reload()
    choose(visit, "drawings")
    visit.wait_for("#go", "Train again")

    delete_data(visit)
    draw(visit.page, DIGITS[2])
    card(visit, 0).locator(".add").click()
    visit.wait_for("#kept", "it could not store the network")
    visit.page.click("#keep-again")
    visit.wait_for("#kept", "5 pictures, stored in this browser only")
    visit.page.reload()
    choose(visit, "drawings")
    visit.wait_for("#go", "Train again")
