"""Several records of the log enter in one statement, those that are plainly next.

Plainly next: the subject's lock is free, nothing of it is stored, it is not erased, the number
follows what was read, the epoch is not an older one, the id is new. Anything else gets no verdict
(null), and neither does what comes after it for the same subject: both go one by one. A lock that
somebody holds is never waited for. No record may be judged here otherwise than ``inbox_enter``
would judge it.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ENTER_MANY = """
    create function inbox_enter_many(
        p_consumer text, p_subjects text[], p_sources text[], p_topics text[], p_epochs bigint[],
        p_sequences bigint[], p_skipped boolean[], p_event_ids text[], p_body_digests text[],
        p_subject_digests text[], p_traces text[], p_at timestamptz)
    returns text[] language plpgsql as $$
    declare
        v_locked text[];
        v_standing text[];
        v_erased text[];
        v_verdicts text[];
    begin
        insert into inbox_subject (consumer, subject)
            select p_consumer, each.subject
            from (select distinct unnest(p_subjects) as subject) each
            where not exists (select 1 from inbox_subject s
                where s.consumer = p_consumer and s.subject = each.subject)
            order by each.subject
            on conflict do nothing;
        v_locked := array(select s.subject from inbox_subject s
            where s.consumer = p_consumer and s.subject = any (p_subjects)
            order by s.subject for update skip locked);
        v_standing := array(select distinct r.subject from inbox_row r
            where r.consumer = p_consumer and r.subject = any (v_locked));
        v_erased := array(select e.subject_digest from inbox_erased e
            where e.subject_digest = any (p_subject_digests));
        with event as (
            select * from unnest(p_subjects, p_sources, p_topics, p_epochs, p_sequences,
                    p_skipped, p_event_ids, p_subject_digests)
                with ordinality as given(subject, source, topic, epoch, sequence, skipped,
                    event_id, subject_digest, n)
        ), met as (
            select event.*,
                case when newest.epoch = event.epoch then newest.read else 0 end as read,
                event.subject = any (v_locked) and event.subject <> all (v_standing)
                    and event.subject_digest <> all (v_erased)
                    and coalesce(newest.epoch <= event.epoch, true) as clear,
                not event.skipped and (select true from inbox_known k
                    where k.consumer = p_consumer and k.source = event.source
                    and k.event_id = event.event_id limit 1) is not null as known
            from event left join lateral (
                select m.epoch, m.read from inbox_mark m
                where m.consumer = p_consumer and m.subject = event.subject
                and m.source = event.source and m.topic = event.topic
                order by m.epoch desc limit 1) newest on true
        ), numbered as (
            select met.*,
                row_number() over (partition by subject, source, topic, epoch, sequence <= read
                    order by n) as place,
                max(epoch) over (partition by subject, source, topic order by n) as newest_epoch,
                row_number() over (partition by source, event_id, skipped order by n) as same_id
            from met
        ), judged as (
            select n, subject, case
                when not clear or epoch < newest_epoch then null
                when sequence <= read then 'duplicate'
                when sequence <> read + place then null
                when skipped then 'skipped'
                when known or same_id > 1 then null
                else 'handle' end as verdict
            from numbered
        )
        select array_agg(case when in_order then verdict end order by n) into v_verdicts
        from (select n, verdict, bool_and(verdict is not null)
            over (partition by subject order by n) as in_order from judged) told;
        insert into inbox_mark as m (consumer, subject, source, topic, epoch, read)
            select p_consumer, subject, source, topic, epoch, max(sequence)
            from unnest(p_subjects, p_sources, p_topics, p_epochs, p_sequences, v_verdicts)
                as given(subject, source, topic, epoch, sequence, verdict)
            where verdict in ('handle', 'skipped')
            group by subject, source, topic, epoch order by subject, source, topic, epoch
            on conflict (consumer, subject, source, topic, epoch)
            do update set read = excluded.read;
        insert into inbox_known (consumer, source, event_id, body_digest, handled_at)
            select p_consumer, source, event_id, body_digest, p_at
            from unnest(p_sources, p_event_ids, p_body_digests, v_verdicts)
                as given(source, event_id, body_digest, verdict)
            where verdict = 'handle' order by source, event_id;
        insert into subject_trace (subject, trace_id, seen_at)
            select distinct subject, trace, p_at
            from unnest(p_subjects, p_traces, v_verdicts) as given(subject, trace, verdict)
            where verdict = 'handle' and trace is not null order by subject, trace
            on conflict do nothing;
        return v_verdicts;
    end $$
"""


def upgrade() -> None:
    """Forward only."""
    op.execute(ENTER_MANY)
