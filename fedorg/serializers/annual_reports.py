"""Reports of a year. Spec: Mastodon API, entities/AnnualReport, schema version 2."""

from collections.abc import Collection
from typing import TypedDict

from fedorg.domain.annual_reports import SCHEMA_VERSION, AnnualReport, AnnualReportsView
from fedorg.ids import StatusId
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.uris import Uris


class MonthEntity(TypedDict):
    """What happened in a month."""

    month: int
    statuses: int
    followers: int


class TagUseEntity(TypedDict):
    """How often a hashtag was used."""

    name: str
    count: int


class TopStatusesEntity(TypedDict):
    """The ids of statuses; version 2 names the one that was boosted most."""

    by_reblogs: str | None
    by_replies: None
    by_favourites: None


class ReportDataEntity(TypedDict):
    """What a report says."""

    archetype: str
    time_series: list[MonthEntity]
    top_hashtags: list[TagUseEntity]
    top_statuses: TopStatusesEntity


class AnnualReportEntity(TypedDict):
    """Mastodon's AnnualReport; no page shows one to others."""

    year: int
    account_id: str
    data: ReportDataEntity
    schema_version: int
    share_url: None


class WrappedAnnualReportsEntity(TypedDict):
    """Reports with whom and what they name."""

    annual_reports: list[AnnualReportEntity]
    accounts: list[AccountEntity]
    statuses: list[StatusEntity]


def annual_reports_entity(view: AnnualReportsView, uris: Uris) -> WrappedAnnualReportsEntity:
    """Reports as their owner sees them; a status that is gone is named no more."""
    there = {one.status.id for one in view.statuses}
    return {
        "annual_reports": [_report(one, there) for one in view.reports],
        "accounts": [account_entity(view.account, uris)] if view.reports else [],
        "statuses": [status_entity(one, uris) for one in view.statuses],
    }


def _report(report: AnnualReport, there: Collection[StatusId]) -> AnnualReportEntity:
    data = report.data
    top = data.top_status_id
    return {
        "year": report.year,
        "account_id": str(report.account_id),
        "data": {
            "archetype": data.archetype.value,
            "time_series": [
                {"month": one.month, "statuses": one.statuses, "followers": one.followers} for one in data.months
            ],
            "top_hashtags": [] if data.top_tag is None else [{"name": data.top_tag.name, "count": data.top_tag.count}],
            "top_statuses": {
                "by_reblogs": str(top) if top is not None and top in there else None,
                "by_replies": None,
                "by_favourites": None,
            },
        },
        "schema_version": SCHEMA_VERSION,
        "share_url": None,
    }
