"""People of the organisation, departments and experts: entities of our own, with Mastodon's Account in them."""

from typing import TypedDict

from fedorg.domain.people import Department, Expert, Person, Work
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.uris import Uris


class WorkEntity(TypedDict):
    """Where somebody works, and as what."""

    department: str
    job_title: str


class PersonEntity(WorkEntity):
    """Somebody who lets colleagues find them; ``expertise`` are hashtags without their sign."""

    account: AccountEntity
    expertise: list[str]


class ExpertEntity(PersonEntity):
    """Somebody who knows about something: why this is thought, and how much of it they wrote in view of who asks."""

    stated: list[str]
    described: bool
    statuses_count: int
    status_ids: list[str]


class DepartmentEntity(TypedDict):
    """A department, and how many of its people can be found."""

    name: str
    people_count: int


_STATUSES_SHOWN = 3


def work_entity(work: Work | None) -> WorkEntity:
    """What a member says of their work."""
    if work is None:
        return {"department": "", "job_title": ""}
    return {"department": work.department, "job_title": work.job_title}


def person_entity(person: Person, uris: Uris) -> PersonEntity:
    """A colleague."""
    return {
        "account": account_entity(person.account, uris),
        "department": person.department,
        "job_title": person.job_title,
        "expertise": list(person.expertise),
    }


def expert_entity(expert: Expert, uris: Uris) -> ExpertEntity:
    """A colleague who knows about something."""
    return {
        **person_entity(expert.person, uris),
        "stated": list(expert.stated),
        "described": expert.is_described,
        "statuses_count": len(expert.status_ids),
        "status_ids": [str(one) for one in expert.status_ids[:_STATUSES_SHOWN]],
    }


def department_entity(department: Department) -> DepartmentEntity:
    """A department."""
    return {"name": department.name, "people_count": department.people_count}
