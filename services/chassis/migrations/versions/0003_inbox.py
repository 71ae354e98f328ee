"""What a consumer remembers: marks, rows, known ids, attempts, the door, feeds.

Two functions keep the path of an event short: ``inbox_enter`` (one record from the log) and
``inbox_take`` (the oldest stored row of one stream). Both take the lock of (consumer, subject)
first; each statement inside them sees what was committed before it began, so that nothing read
before the lock is ever acted on. No body of an event may be in a column in the clear.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table inbox_subject (
        consumer text not null,
        subject text not null,
        primary key (consumer, subject)
    )
    """,
    """
    create table inbox_mark (
        consumer text not null,
        subject text not null,
        source text not null,
        topic text not null,
        epoch bigint not null,
        read bigint not null check (read >= 0),
        primary key (consumer, subject, source, topic, epoch)
    ) with (fillfactor = 70)
    """,
    """
    create table inbox_row (
        consumer text not null,
        subject text not null,
        source text not null,
        topic text not null,
        epoch bigint not null,
        sequence bigint not null,
        state text not null check (state in ('gap', 'parked', 'waiting', 'behind')),
        done boolean not null default false,
        event_id text not null,
        event_type text not null,
        body_digest text not null,
        partition integer not null,
        record_offset bigint not null,
        sealed bytea,
        error text not null default '',
        waits_what text,
        waits_id text,
        waiting_since timestamptz,
        stored_at timestamptz not null,
        attempts integer not null default 0,
        primary key (consumer, subject, source, topic, epoch, sequence),
        check (not done or state = 'gap'),
        check (done or sealed is not null)
    )
    """,
    "create index inbox_row_state on inbox_row (consumer, state, stored_at)",
    """
    create table inbox_known (
        consumer text not null,
        source text not null,
        event_id text not null,
        body_digest text not null,
        handled_at timestamptz not null,
        primary key (consumer, source, event_id)
    )
    """,
    "create index inbox_known_age on inbox_known using brin (handled_at)",
    "create table inbox_erased (subject_digest text primary key, erased_at timestamptz not null)",
    """
    create table inbox_attempt (
        consumer text not null,
        topic text not null,
        partition integer not null,
        record_offset bigint not null,
        attempts integer not null,
        primary key (consumer, topic, partition, record_offset)
    )
    """,
    """
    create table inbox_run (
        consumer text not null,
        slot integer not null,
        clean boolean not null,
        changed_at timestamptz not null,
        primary key (consumer, slot)
    )
    """,
    """
    create table inbox_start (
        consumer text not null,
        topic text not null,
        partition integer not null,
        epoch bigint not null,
        primary key (consumer, topic, partition)
    )
    """,
    """
    create table door_seen (
        source text not null,
        event_id text not null,
        body_digest text not null,
        reused boolean not null,
        refused boolean not null default false,
        seen_at timestamptz not null,
        primary key (source, event_id, body_digest)
    )
    """,
    "create index door_seen_age on door_seen (seen_at)",
    """
    create table delete_due (
        topic text not null,
        partition integer not null,
        record_offset bigint not null,
        due_at timestamptz not null,
        primary key (topic, partition, record_offset)
    )
    """,
    """
    create table feed_entry (
        id bigint generated always as identity primary key,
        feed text not null,
        position bigint,
        body jsonb not null,
        appended_at timestamptz not null,
        unique (feed, position)
    )
    """,
    "create index feed_entry_unnumbered on feed_entry (id) where position is null",
    "create table feed_position (feed text primary key, last bigint not null)",
)

LOCK = """
    create function inbox_lock(p_consumer text, p_subject text) returns void
    language plpgsql as $$
    begin
        perform 1 from inbox_subject s
            where s.consumer = p_consumer and s.subject = p_subject for update;
        if not found then
            insert into inbox_subject (consumer, subject) values (p_consumer, p_subject)
                on conflict do nothing;
            perform 1 from inbox_subject s
                where s.consumer = p_consumer and s.subject = p_subject for update;
        end if;
    end $$
"""

ENTER = """
    create function inbox_enter(
        p_consumer text, p_subject text, p_source text, p_topic text,
        p_epoch bigint, p_sequence bigint, p_kind text,
        p_event_id text, p_event_type text, p_body_digest text, p_subject_digest text,
        p_partition integer, p_offset bigint, p_trace text, p_at timestamptz,
        out verdict text, out older_epoch boolean, out stored boolean)
    language plpgsql as $$
    declare
        v record;
        finished text;
    begin
        perform inbox_lock(p_consumer, p_subject);
        select
            coalesce((select m.read from inbox_mark m
                where m.consumer = p_consumer and m.subject = p_subject and m.source = p_source
                and m.topic = p_topic and m.epoch = p_epoch), 0) as read,
            exists (select 1 from inbox_mark m
                where m.consumer = p_consumer and m.subject = p_subject and m.source = p_source
                and m.topic = p_topic and m.epoch > p_epoch) as older,
            exists (select 1 from inbox_row r
                where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
                and r.topic = p_topic and r.epoch = p_epoch and r.sequence = p_sequence) as here,
            exists (select 1 from inbox_row r
                where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
                and r.topic = p_topic and r.state <> 'gap'
                and (r.epoch, r.sequence) < (p_epoch, p_sequence)) as blocked,
            exists (select 1 from inbox_row r
                where r.consumer = p_consumer and r.subject = p_subject) as stored,
            exists (select 1 from inbox_erased e
                where e.subject_digest = p_subject_digest) as erased,
            (select k.body_digest from inbox_known k
                where k.consumer = p_consumer and k.source = p_source
                and k.event_id = p_event_id) as known
        into v;
        stored := v.stored;
        older_epoch := v.older;
        if p_sequence <= v.read or v.here then
            verdict := 'duplicate';
            older_epoch := false;
            return;
        end if;
        finished := case
            when p_kind = 'skip' then 'skipped'
            when v.erased then 'erased'
            when v.known is null then null
            when v.known = p_body_digest then 'known'
            else 'altered' end;
        if p_sequence > v.read + 1 then
            if finished is null and p_kind <> 'never-waits' then
                verdict := 'gap';
                return;
            end if;
            insert into inbox_row (consumer, subject, source, topic, epoch, sequence, state, done,
                    event_id, event_type, body_digest, partition, record_offset, stored_at)
                values (p_consumer, p_subject, p_source, p_topic, p_epoch, p_sequence, 'gap', true,
                    p_event_id, p_event_type, p_body_digest, p_partition, p_offset, p_at);
            verdict := coalesce(finished, 'early');
        else
            insert into inbox_mark as m (consumer, subject, source, topic, epoch, read)
                values (p_consumer, p_subject, p_source, p_topic, p_epoch, p_sequence)
                on conflict (consumer, subject, source, topic, epoch)
                do update set read = excluded.read;
            verdict := coalesce(finished, case
                when v.blocked and p_kind <> 'never-waits' then 'behind' else 'handle' end);
        end if;
        if verdict in ('handle', 'early') then
            insert into inbox_known (consumer, source, event_id, body_digest, handled_at)
                values (p_consumer, p_source, p_event_id, p_body_digest, p_at);
            if p_trace is not null then
                insert into subject_trace (subject, trace_id, seen_at)
                    values (p_subject, p_trace, p_at) on conflict do nothing;
            end if;
        end if;
    end $$
"""

TAKE = """
    create function inbox_take(
        p_consumer text, p_subject text, p_source text, p_topic text, p_epoch bigint,
        p_absorb_limit integer,
        out verdict text, out absorbed integer, out taken inbox_row)
    language plpgsql as $$
    declare
        v_read bigint;
        v_row inbox_row;
        v_known text;
    begin
        perform inbox_lock(p_consumer, p_subject);
        absorbed := 0;
        verdict := 'still';
        select m.read into v_read from inbox_mark m
            where m.consumer = p_consumer and m.subject = p_subject and m.source = p_source
            and m.topic = p_topic and m.epoch = p_epoch;
        v_read := coalesce(v_read, 0);
        while absorbed < p_absorb_limit loop
            update inbox_row r set state = 'behind'
                where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
                and r.topic = p_topic and r.epoch = p_epoch and r.sequence = v_read + 1
                and r.state = 'gap' and not r.done;
            if not found then
                delete from inbox_row r
                    where r.consumer = p_consumer and r.subject = p_subject
                    and r.source = p_source and r.topic = p_topic and r.epoch = p_epoch
                    and r.sequence = v_read + 1 and r.state = 'gap';
                exit when not found;
            end if;
            v_read := v_read + 1;
            absorbed := absorbed + 1;
        end loop;
        if absorbed > 0 then
            verdict := 'moved';
            insert into inbox_mark as m (consumer, subject, source, topic, epoch, read)
                values (p_consumer, p_subject, p_source, p_topic, p_epoch, v_read)
                on conflict (consumer, subject, source, topic, epoch)
                do update set read = excluded.read;
        end if;
        select * into v_row from inbox_row r
            where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
            and r.topic = p_topic and r.state <> 'gap' and r.epoch <= p_epoch
            order by r.epoch, r.sequence limit 1;
        if v_row.epoch is distinct from p_epoch or v_row.state = 'parked' then
            return;
        end if;
        select k.body_digest into v_known from inbox_known k
            where k.consumer = p_consumer and k.source = p_source and k.event_id = v_row.event_id;
        taken := v_row;
        if v_known is null then
            verdict := 'settle';
            return;
        end if;
        delete from inbox_row r
            where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
            and r.topic = p_topic and r.epoch = p_epoch and r.sequence = v_row.sequence;
        verdict := case when v_known = v_row.body_digest then 'known' else 'altered' end;
    end $$
"""

KEEP = """
    create function inbox_keep(
        p_consumer text, p_subject text, p_source text, p_topic text,
        p_epoch bigint, p_sequence bigint, p_state text,
        p_event_id text, p_event_type text, p_body_digest text,
        p_partition integer, p_offset bigint, p_sealed bytea, p_error text,
        p_waits_what text, p_waits_id text, p_at timestamptz)
    returns void language plpgsql as $$
    begin
        delete from inbox_known k
            where k.consumer = p_consumer and k.source = p_source and k.event_id = p_event_id;
        insert into inbox_row as r (consumer, subject, source, topic, epoch, sequence, state,
                event_id, event_type, body_digest, partition, record_offset, sealed, error,
                waits_what, waits_id, waiting_since, stored_at)
            values (p_consumer, p_subject, p_source, p_topic, p_epoch, p_sequence, p_state,
                p_event_id, p_event_type, p_body_digest, p_partition, p_offset, p_sealed, p_error,
                p_waits_what, p_waits_id, case when p_state = 'waiting' then p_at end, p_at)
            on conflict (consumer, subject, source, topic, epoch, sequence) do update set
                state = excluded.state, done = false, sealed = excluded.sealed,
                error = excluded.error, waits_what = excluded.waits_what,
                waits_id = excluded.waits_id, attempts = 0,
                waiting_since = case when excluded.state = 'waiting'
                    then coalesce(r.waiting_since, excluded.waiting_since) end;
    end $$
"""

CHECK_IN = """
    create function door_check_in(
        p_source text, p_event_id text, p_body_digest text, p_at timestamptz,
        out seen text, out again boolean, out refused boolean)
    language plpgsql as $$
    declare
        v door_seen;
    begin
        perform pg_advisory_xact_lock(hashtextextended(p_source || ' ' || p_event_id, 0));
        select * into v from door_seen d
            where d.source = p_source and d.event_id = p_event_id
            and d.body_digest = p_body_digest;
        again := found;
        if not again then
            insert into door_seen (source, event_id, body_digest, reused, seen_at)
                values (p_source, p_event_id, p_body_digest, exists (
                    select 1 from door_seen d
                    where d.source = p_source and d.event_id = p_event_id), p_at)
                returning * into v;
        end if;
        seen := case when v.reused then 'reused' when again then 'repeat' else 'new' end;
        refused := v.refused;
    end $$
"""

ERASE = """
    create function inbox_erase(p_subject text, p_subject_digest text, p_at timestamptz)
    returns void language plpgsql as $$
    begin
        perform 1 from inbox_subject s where s.subject = p_subject order by s.consumer for update;
        insert into inbox_erased (subject_digest, erased_at) values (p_subject_digest, p_at)
            on conflict do nothing;
        update inbox_row r set done = true, sealed = null, error = ''
            where r.subject = p_subject and r.state = 'gap';
        delete from inbox_row r where r.subject = p_subject and r.state <> 'gap';
    end $$
"""


def upgrade() -> None:
    """Forward only."""
    for statement in (*TABLES, LOCK, ENTER, TAKE, KEEP, ERASE, CHECK_IN):
        op.execute(statement)
