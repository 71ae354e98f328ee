"""Stored events that never wait go first, and can be handled again beyond a gap.

``never_waits`` is set when such an event is put aside; ``movable`` when an operator lets one that
stands beyond a gap be handled again. Its row stays a ``gap`` row: its number is not yet read.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = """
    alter table inbox_row
        add column never_waits boolean not null default false,
        add column movable boolean not null default false
"""

TAKE = """
    create or replace function inbox_take(
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
            update inbox_row r set state = 'behind', movable = false
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
            and r.topic = p_topic and r.epoch = p_epoch and r.never_waits
            and (r.state = 'behind' or r.movable and not r.done)
            order by r.sequence limit 1;
        if not found then
            select * into v_row from inbox_row r
                where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
                and r.topic = p_topic and r.state <> 'gap' and r.epoch <= p_epoch
                order by r.epoch, r.sequence limit 1;
            if v_row.epoch is distinct from p_epoch or v_row.state = 'parked' then
                return;
            end if;
        end if;
        select k.body_digest into v_known from inbox_known k
            where k.consumer = p_consumer and k.source = p_source and k.event_id = v_row.event_id;
        taken := v_row;
        if v_known is null then
            verdict := 'settle';
            return;
        end if;
        update inbox_row r set done = true, sealed = null, error = '', movable = false
            where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
            and r.topic = p_topic and r.epoch = p_epoch and r.sequence = v_row.sequence
            and r.state = 'gap';
        delete from inbox_row r
            where r.consumer = p_consumer and r.subject = p_subject and r.source = p_source
            and r.topic = p_topic and r.epoch = p_epoch and r.sequence = v_row.sequence
            and r.state <> 'gap';
        verdict := case when v_known = v_row.body_digest then 'known' else 'altered' end;
    end $$
"""


def upgrade() -> None:
    """Forward only."""
    for statement in (COLUMNS, TAKE):
        op.execute(statement)
