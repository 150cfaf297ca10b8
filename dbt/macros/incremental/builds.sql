{#-
    Asked for, or needed: see the README beside this file. Decided once for a model and run of dbt, since it is asked several times:
    while the SQL is compiled, by the materialization, and when the build is recorded.
-#}
{% macro should_full_refresh() %}
    {% set asked_for = config.get('full_refresh') %}
    {% if asked_for is none %}
        {% set asked_for = flags.FULL_REFRESH %}
    {% endif %}
    {% if asked_for or not execute or flags.WHICH not in ('run', 'build') %}
        {{ return(asked_for) }}
    {% endif %}
    {% set decisions = graph.nodes[model.unique_id].setdefault('build_decisions', {}) %}
    {% if invocation_id not in decisions %}
        {% do decisions.update({invocation_id: not is_caught_up_whole(model)}) %}
    {% endif %}
    {{ return(decisions[invocation_id]) }}
{% endmacro %}


{#- Only a run that writes is incremental, so that `dbt compile`, `dbt show` and the editor see the whole of a model. -#}
{% macro is_incremental() %}
    {% if flags.WHICH not in ('run', 'build') %}
        {{ return(false) }}
    {% endif %}
    {{ return(dbt.is_incremental()) }}
{% endmacro %}


{#- Whether the table was built by this very model, and no parent was rebuilt whole since. -#}
{% macro is_caught_up_whole(node) %}
    {% if node.config.materialized != 'incremental' %}
        {{ return(false) }}
    {% endif %}
    {% set check %}
        select 1 as caught_up
        from {{ model_builds() }} as builds
        where builds.model = {{ sql_string(node.name) }}
            and builds.fingerprint = {{ sql_string(model_fingerprint(node)) }}
            and builds.relation = to_regclass({{ sql_string(this.include(database=false)) }})
            {% for parent in tracked_parents(node) %}
            and (builds.consumed -> {{ sql_string(parent) }} ->> 'full')::bigint = ({{ parent_position(parent) }} ->> 'full')::bigint
            {% endfor %}
    {% endset %}
    {{ return(run_query(check).rows | length > 0) }}
{% endmacro %}


{#- The builds a parent stands at, as jsonb: its last one and its last full one; of a source, its last load and its table's oid. -#}
{% macro parent_position(parent) -%}
{%- if parent.startswith('raw.') -%}
{%- set table = parent.split('.')[1] -%}
(
    select jsonb_build_object('build', coalesce(max(files.load_id), 0), 'full', {{ sql_string(source('raw', table).include(database=false)) }}::regclass::oid::bigint)
    from {{ source('raw', 'source_files') }} as files
    where files.entity = {{ sql_string({'events': 'event', 'clients': 'client'}[table]) }}
)
{%- else -%}
(select jsonb_build_object('build', parents.build, 'full', parents.full_build) from {{ model_builds() }} as parents where parents.model = {{ sql_string(parent) }})
{%- endif -%}
{%- endmacro %}


{#-
    Runs first in every model's transaction. The writer is still the only one; the build has a number; and what it will consume is
    settled: the builds its parents stand at, and which clients or files changed since they were last consumed. What comes later is for the
    next build. Two runs of dbt by hand share the writer lock: the lock on the model makes the second wait, and find nothing left to do.
-#}
{% macro begin_build() %}
    {% if execute %}
        {% call statement('lock_model', auto_begin=true) %}
            select pg_advisory_xact_lock(hashtextextended({{ sql_string('attribution-workbench:' ~ this.include(database=false)) }}, 0))
        {% endcall %}
        {% do check_single_writer() %}
        {% if model.config.materialized == 'incremental' and not should_full_refresh() and not is_caught_up_whole(model) %}
            {% do exceptions.raise_compiler_error('Another run of dbt rebuilt ' ~ model.name ~ ' or a parent of it meanwhile. Nothing of this model was written; run dbt again.') %}
        {% endif %}
        create temporary table build_inputs on commit drop as
        select
            parents.name as parent,
            (builds.consumed -> parents.name ->> 'build')::bigint as since,
            (parents.stands_at ->> 'build')::bigint as until,
            parents.stands_at
        from (
            select null::text as name, null::jsonb as stands_at where false
            {% for parent in tracked_parents(model) %}
            union all
            select {{ sql_string(parent) }}, {{ parent_position(parent) }}
            {% endfor %}
        ) as parents
        left join {{ model_builds() }} as builds
            on builds.model = {{ sql_string(model.name) }};

        create temporary table affected_clients on commit drop as
        select changes.client_id, min(changes.changed_from) as changed_from
        from build_inputs
        inner join {{ model_changes() }} as changes
            on changes.model = build_inputs.parent
            and changes.build > build_inputs.since
            and changes.build <= build_inputs.until
        group by changes.client_id;

        create temporary table changed_files on commit drop as
        select files.source_file, files.entity
        from {{ source('raw', 'source_files') }} as files
        inner join build_inputs
            on build_inputs.parent = case files.entity when 'event' then 'raw.events' when 'client' then 'raw.clients' end
            and files.load_id > build_inputs.since;

        analyze affected_clients;
        analyze changed_files;
        select nextval({{ sql_string(build_sequence()) }})
    {% endif %}
{% endmacro %}


{#- Runs last in every model's transaction: what the model was built from, and from which build on its children have to follow. -#}
{% macro record_build() %}
    {% if execute %}
        {# A run that lost the lock in the middle of the model takes all of it back #}
        {% do check_single_writer() %}
        {% set full = should_full_refresh() or model.config.materialized != 'incremental' %}
        {% set changed = "exists (select 1 from " ~ model_changes() ~ " where model = " ~ sql_string(model.name) ~ " and build = " ~ this_build() ~ ")" %}
        {% if full %}
        {% if config.get('meta', {}).get('valid_records_index') %}
        -- Partial, since a rejected record may hold a text too long for an index; unnamed, since the old table's index still has its name
        create index on {{ this }} ({{ config.get('meta')['valid_records_index'] }}) where rejection_reason is null;
        {% endif %}
        delete from {{ model_changes() }} where model = {{ sql_string(model.name) }};
        {% endif %}
        analyze {{ this }};
        insert into {{ model_builds() }} as builds (model, fingerprint, relation, build, full_build, consumed, built_at)
        select
            {{ sql_string(model.name) }},
            {{ sql_string(model_fingerprint(model)) }},
            {{ sql_string(this.include(database=false)) }}::regclass,
            {{ this_build() }},
            {{ this_build() }},
            (select coalesce(jsonb_object_agg(build_inputs.parent, build_inputs.stands_at), '{}') from build_inputs),
            now()
        on conflict (model) do update set
            fingerprint = excluded.fingerprint,
            relation = excluded.relation,
            build = case when {{ 'true' if full else changed }} then excluded.build else builds.build end,
            full_build = case when {{ 'true' if full else 'false' }} then excluded.full_build else builds.full_build end,
            consumed = excluded.consumed,
            built_at = excluded.built_at
    {% endif %}
{% endmacro %}
