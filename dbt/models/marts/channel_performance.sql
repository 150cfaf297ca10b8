{{ config(materialized='table') }}

with

first_touch as (

    select * from {{ ref('first_touch_attribution') }}

),

last_touch as (

    select * from {{ ref('last_touch_attribution') }}

),

-- A purchase that both models credit to one channel stands twice here and is counted once below
credits as (

    select
        attributed_channel as channel,
        purchase_id,
        client_id,
        attributed_revenue as first_touch_revenue,
        0 as last_touch_revenue
    from first_touch
    union all
    select
        attributed_channel as channel,
        purchase_id,
        client_id,
        0 as first_touch_revenue,
        attributed_revenue as last_touch_revenue
    from last_touch

),

channels as (

    select
        channel,
        sum(first_touch_revenue)::numeric(38, 4) as first_touch_revenue,
        sum(last_touch_revenue)::numeric(38, 4) as last_touch_revenue,
        count(distinct purchase_id) as total_conversions,
        count(distinct client_id) as unique_clients
    from credits
    group by channel

)

select * from channels
