using System.Globalization;
using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.HostToControl;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary>
/// Endpoints of <c>/api/v1/channels/{name}/measurements</c> and <c>…/activity</c>: measurements and activity of a channel.
/// </summary>
internal static class ChannelHistoryEndpoints
{
    private static readonly EnumNames<MeasurementRange> RangeNames = new("range of measurements",
        (MeasurementRange.Hour, "hour"), (MeasurementRange.Day, "day"));

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/measurements", MeasurementsAsync).RequireRole(TokenRole.Viewer)
            .Describe<MeasurementsView>(
                "getMeasurements",
                "Get measurements of the last hour, or with 'range=day' averages of the last 24 hours, oldest first, one per "
                + "'intervalSeconds' while the channel was on air. 'after' (a time) omits older ones. They are kept in memory and lost "
                + "when the server restarts.",
                200, 400, 404).AnsweredByOwner();

        api.MapGet("/channels/{name}/activity", ListActivityAsync).RequireRole(TokenRole.Producer)
            .Describe<List<ActivityView>>(
                "listActivity",
                "List activity on the channel, newest first: sessions, events, encoder connections, issues, recordings, and "
                + "administrative changes (admins only). 'before' continues from an id.",
                200, 400, 404)
            .Paged("before", ChannelActivityLog.MaxPage);
    }

    private static async Task<MeasurementsView> MeasurementsAsync(string name, string? range, string? after, HttpContext http,
        ChannelRepository channels)
    {
        var from = DateTimeOffset.MinValue;
        if (after is not null && !DateTimeOffset.TryParse(after, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out from))
        {
            throw new OperationException([new("after", "'after' must be a time such as 2030-01-31T18:00:00Z.")]);
        }

        if (RangeNames.Find(range ?? "hour") is not { } period)
        {
            throw new OperationException([new("range", $"'range' must be {string.Join(" or ", RangeNames.All.Select(r => $"'{r}'"))}.")]);
        }

        var channel = await channels.GetAsync(name, http.RequestAborted);
        var measurements = http.RequestServices.GetService<IChannelMeasurements>();
        return new(measurements?.IntervalOf(period).TotalSeconds ?? 0,
            [.. (measurements?.Find(ChannelName.Parse(channel.Name), period, from) ?? []).Select(MeasurementView.From)]);
    }

    private static async Task<List<ActivityView>> ListActivityAsync(string name, string? limit, string? before, HttpContext http,
        ChannelRepository channels, ChannelActivityLog activityLog)
    {
        var channel = await channels.GetAsync(name, http.RequestAborted);
        var (caller, count) = (ApiAuthorization.GetCaller(http), Paging.Limit(limit));
        var rows = await activityLog.ListAsync(channel, ActivityVisibility.Of(caller.Role, caller.Limits, channel.Name), count, before,
            http.RequestAborted);
        return Paging.Page(http, rows, count, "before", ChannelActivityLog.CursorOf, ActivityView.From);
    }
}

/// <param name="IntervalSeconds">Interval between rows while the channel is on air; 0 when nothing is measured.</param>
/// <param name="Measurements">Measured rows.</param>
internal sealed record MeasurementsView(double IntervalSeconds, List<MeasurementView> Measurements);

internal sealed record MeasurementView(
    DateTimeOffset At, long? BitsPerSecond, double? FramesPerSecond, double? KeyframeIntervalSeconds, double? AvSkewSeconds,
    double? EncodingSpeed, double? EncodingLagSeconds, double? LatencySeconds, long? Viewers)
{
    public static MeasurementView From(Measurement m) => new(
        m.At, m.BitsPerSecond, Rounded(m.FramesPerSecond, 2), Seconds(m.KeyframeInterval), Seconds(m.AvSkew), Rounded(m.EncodingSpeed, 3),
        Seconds(m.EncodingLag), Seconds(m.Latency), m.Viewers);

    private static double? Seconds(TimeSpan? time) => Rounded(time?.TotalSeconds, 3);

    private static double? Rounded(double? number, int digits) => number is { } n ? Math.Round(n, digits) : null;
}

/// <param name="Id">Position of the entry, for paging.</param>
/// <param name="At">Time of the entry.</param>
/// <param name="Type">Type of the activity.</param>
/// <param name="Session">Session that the entry belongs to.</param>
/// <param name="Actor">Actor of an administrative change: kind, id and name.</param>
/// <param name="Data">Further details.</param>
internal sealed record ActivityView(string Id, DateTimeOffset At, string Type, string? Session, string? Actor, JsonElement Data)
{
    public static ActivityView From(ActivityEntry e) =>
        new(ChannelActivityLog.CursorOf(e), e.At, e.Type, e.Session, e.Actor?.TrimEnd(), JsonDocument.Parse(e.Data).RootElement);
}
