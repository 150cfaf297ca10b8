{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': 'purchase_time'},
        indexes=[
            {'columns': ['purchase_id', 'model', 'touch_position']},
            {'columns': ['client_id', 'purchase_time']},
        ],
    )
}}

with

-- Used twice: materialized, it would be written out once more
touches as not materialized (

    select touches.*
    from {{ ref('int_purchase_touches') }} as touches
    {{ only_affected('touches', 'purchase_time') }}

),

purchases as (

    select purchases.*
    from {{ ref('int_purchases') }} as purchases
    {{ only_affected('purchases', 'purchase_time') }}

),

untouched_purchases as (

    select purchases.*
    from purchases
    where not exists (
            select 1
            from touches
            where touches.purchase_id = purchases.purchase_id
        )

),

models as (

    {{ multi_touch_models() }}

),

-- Everything in whole units of 0.0001, so that no rounding is left to chance
measured as (

    select
        touches.*,
        (touches.revenue * 10000)::bigint as units,
        count(*) over (partition by touches.purchase_id) as touch_count,
        {{ epoch_microseconds('max(touches.touch_time) over (partition by touches.purchase_id)') }}
        - {{ epoch_microseconds('touches.touch_time') }} as microseconds_before_latest
    from touches

),

-- A touch's share of the purchase is part / whole, exact but for time_decay
weighed as (

    select
        measured.*,
        models.model,
        {{ touch_weight('models.model') }} as part
    from measured
    cross join models
    offset 0

),

totalled as (

    select
        *,
        sum(part) over (partition by purchase_id, model) as whole
    from weighed

),

-- Shares are cut down to whole units; what is left of them decides who gets the units left over
cut as (

    select
        *,
        div(units * part, whole) as share_units,
        round(mod(units * part, whole) / whole, 12) as remainder
    from totalled
    offset 0

),

ranked as (

    select
        *,
        row_number() over (
            partition by purchase_id, model
            order by remainder desc, touch_position desc
        ) as remainder_rank,
        units - sum(share_units) over (partition by purchase_id, model) as units_left
    from cut

),

touched as (

    select
        client_id,
        purchase_time,
        model,
        touch_position,
        channel as attributed_channel,
        (share_units + case when remainder_rank <= units_left then 1 else 0 end) / 10000 as attributed_revenue,
        (part / whole)::double precision as weight,
        touch_time,
        purchase_id,
        touch_id
    from ranked

),

untouched as (

    select
        untouched_purchases.client_id,
        untouched_purchases.purchase_time,
        models.model,
        1 as touch_position,
        'direct' as attributed_channel,
        untouched_purchases.revenue as attributed_revenue,
        1::double precision as weight,
        null::timestamp as touch_time,
        untouched_purchases.purchase_id,
        null::uuid as touch_id
    from untouched_purchases
    cross join models

),

attributed as (

    select * from touched
    union all
    select * from untouched

)

select
    client_id,
    purchase_time,
    model,
    touch_position,
    attributed_channel,
    attributed_revenue::numeric(18, 4) as attributed_revenue,
    weight,
    touch_time,
    purchase_id,
    touch_id
from attributed
