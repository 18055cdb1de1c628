"""Nodes that siblings introduce, for administrators: the same facts for clients and for the command line."""

from typing import TypedDict

from fedorg.domain.introductions import Introducer, Introduction
from fedorg.serializers.times import moment, optional_moment


class IntroductionEntity(TypedDict):
    """That a sibling named a node; ``retracted_at`` is since when it does no more."""

    domain: str
    introduced_by: str
    state: str
    waits: bool
    first_seen_at: str
    last_seen_at: str
    retracted_at: str | None


class IntroducerEntity(TypedDict):
    """What is made of those whom a sibling introduces; ``is_default``: as the settings say."""

    domain: str
    policy: str
    is_default: bool
    priority: int
    asked_at: str | None


def introduction_entity(one: Introduction) -> IntroductionEntity:
    """An introduction; ``waits`` for an administrator or not."""
    return {
        "domain": one.domain,
        "introduced_by": one.introducer,
        "state": one.state.value,
        "waits": one.is_open,
        "first_seen_at": moment(one.first_seen_at),
        "last_seen_at": moment(one.last_seen_at),
        "retracted_at": optional_moment(one.retracted_at),
    }


def introducer_entity(one: Introducer) -> IntroducerEntity:
    """A sibling that introduces others."""
    return {
        "domain": one.domain,
        "policy": one.policy.value,
        "is_default": one.is_default,
        "priority": one.priority,
        "asked_at": optional_moment(one.asked_at),
    }
