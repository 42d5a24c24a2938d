using System.Globalization;
using System.Text.Json;
using Broadcast.Media;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/channels/{name}/measurements</c> and <c>…/timeline</c>: how a channel did, and what happened on it.</summary>
internal static class ChannelHistoryEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/measurements", MeasurementsAsync).Asks(TokenRole.Viewer)
            .Describe<MeasurementsView>(
                "getMeasurements",
                "What was measured of the channel in the last hour, oldest first, every 'intervalSeconds' while it was on air; 'after' (an instant) leaves out what is older. Kept in memory: a server that was started anew has none of before.",
                200, 400, 404);

        api.MapGet("/channels/{name}/timeline", TimelineAsync).Asks(TokenRole.Producer)
            .Describe<List<TimelineView>>(
                "getTimeline",
                "What happened on the channel, newest first: sessions, events, encoders that came and went, what was wrong, recordings, and for admins who changed what. 'before' reads on from an id.",
                200, 400, 404)
            .Paged("before", ChannelTimeline.MaxPage);
    }

    private static async Task<MeasurementsView> MeasurementsAsync(string name, string? after, HttpContext http, ChannelDirectory channels)
    {
        var from = DateTimeOffset.MinValue;
        if (after is not null && !DateTimeOffset.TryParse(after, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out from))
        {
            throw new ControlException([new("after", "'after' must be an instant, such as 2030-01-31T18:00:00Z.")]);
        }

        var channel = await channels.GetAsync(name, http.RequestAborted);
        var known = http.RequestServices.GetService<IChannelMeasurements>();
        return new(known?.Interval.TotalSeconds ?? 0, [.. (known?.Find(ChannelName.Parse(channel.Name), from) ?? []).Select(MeasurementView.From)]);
    }

    private static async Task<List<TimelineView>> TimelineAsync(string name, string? limit, string? before, HttpContext http, ChannelDirectory channels, ChannelTimeline timeline)
    {
        var channel = await channels.GetAsync(name, http.RequestAborted);
        var (holder, count) = (Gate.Holder(http), Paging.Limit(limit));
        var rows = await timeline.ListAsync(channel, TimelineSight.Of(holder.Role, holder.Limits, channel.Name), count, before, http.RequestAborted);
        return Paging.Answer(http, rows, count, "before", ChannelTimeline.PlaceOf, TimelineView.From);
    }
}

/// <param name="IntervalSeconds">From one row to the next while the channel is on air; 0 where nothing is measured.</param>
/// <param name="Measurements">The rows.</param>
internal sealed record MeasurementsView(double IntervalSeconds, List<MeasurementView> Measurements);

internal sealed record MeasurementView(
    DateTimeOffset At, long? BitsPerSecond, double? FramesPerSecond, double? KeyframeIntervalSeconds, double? SkewSeconds, double? EncodingSpeed, double? EncodingBehindSeconds, double? DelaySeconds, long? Viewers)
{
    public static MeasurementView From(Measurement m) => new(
        m.At, m.BitsPerSecond, Rounded(m.FramesPerSecond, 2), Seconds(m.KeyframeInterval), Seconds(m.Skew), Rounded(m.EncodingSpeed, 3), Seconds(m.EncodingBehind), Seconds(m.Delay), m.Viewers);

    private static double? Seconds(TimeSpan? time) => Rounded(time?.TotalSeconds, 3);

    private static double? Rounded(double? number, int digits) => number is { } n ? Math.Round(n, digits) : null;
}

/// <param name="Id">Its place, to read on from.</param>
/// <param name="At">When.</param>
/// <param name="Type">What happened.</param>
/// <param name="Session">The session it belongs to.</param>
/// <param name="Actor">Who changed something: kind, id and name.</param>
/// <param name="Data">What else there is to know.</param>
internal sealed record TimelineView(string Id, DateTimeOffset At, string Type, string? Session, string? Actor, JsonElement Data)
{
    public static TimelineView From(TimelineEntry e) => new(ChannelTimeline.PlaceOf(e), e.At, e.Type, e.Session, e.Actor?.TrimEnd(), JsonDocument.Parse(e.Data).RootElement);
}
