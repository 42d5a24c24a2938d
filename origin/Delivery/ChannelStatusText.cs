using System.Text.Encodings.Web;
using System.Text.Json;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Live;
using Broadcast.Origin.ViewerCounting;

namespace Broadcast.Origin.Delivery;

/// <summary>Viewer count and beacon sampling in a channel's status.</summary>
/// <param name="Count">Number of viewers; <see langword="null"/> where it is not public.</param>
/// <param name="Level">Level of <see cref="BeaconSampling"/> whose pages send beacons.</param>
internal readonly record struct StatusViewers(long? Count, int Level);

/// <summary>Serializes <c>status.json</c>, which the watch page requests.</summary>
internal static class ChannelStatusText
{
    /// <summary>
    /// Serializes <c>{"state":…,"session":…,"startedAt":…,"liveEdge":…}</c>. The states are those of <see cref="ChannelState"/> in lower
    /// case. Adds <c>"title":…</c> where the session's title differs from the channel's, and <c>"chat":true</c> where viewers
    /// can write. Adds <c>"viewers":…</c> and <c>"beacon":{"every":seconds,"share":…}</c>, the interval and share of beacons,
    /// while live. Adds <c>"next":{"title":…,"startsAt":…}</c> for an upcoming event, and
    /// <c>"replay":{"id":…,"title":…,"startedAt":…,"duration":seconds}</c> for the newest recording.
    /// </summary>
    public static Document Render(ChannelStatus status, UpcomingEvent? next, ChannelRecording? recording, StatusViewers? viewers,
        string? title = null, bool hasChat = false)
    {
        using var target = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(target, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("state", status.State switch
            {
                ChannelState.Offline => "offline",
                ChannelState.Starting => "starting",
                ChannelState.Ended => "ended",
                ChannelState.Interrupted => "interrupted",
                _ => "live",
            });
            json.WriteString("session", status.Session?.Value);
            WriteInstant(json, "startedAt", status.StartedAt);
            WriteInstant(json, "liveEdge", status.LiveEdge);
            if (title is not null)
            {
                json.WriteString("title", title);
            }

            if (hasChat)
            {
                json.WriteBoolean("chat", true);
            }

            if (viewers is { } viewerStatus)
            {
                if (viewerStatus.Count is { } count)
                {
                    json.WriteNumber("viewers", Rounded(count));
                }

                json.WriteStartObject("beacon");
                json.WriteNumber("every", (int)BeaconSamplingPolicy.Interval.TotalSeconds);
                json.WriteNumber("share", BeaconSampling.FractionOf(viewerStatus.Level));
                json.WriteEndObject();
            }

            if (next is not null)
            {
                json.WriteStartObject("next");
                json.WriteString("title", next.Title);
                WriteInstant(json, "startsAt", next.StartsAt);
                json.WriteEndObject();
            }

            if (recording is not null)
            {
                json.WriteStartObject("replay");
                json.WriteString("id", recording.Id.Value);
                json.WriteString("title", recording.Title);
                WriteInstant(json, "startedAt", recording.StartedAt);
                json.WriteNumber("duration", (long)recording.Duration.TotalSeconds);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return new Document(target.ToArray(), ContentTypes.Json);

        static void WriteInstant(Utf8JsonWriter json, string name, DateTimeOffset? value) =>
            json.WriteString(name, value is { } instant ? MpdText.Instant(instant) : null);
    }

    /// <summary>Rounds to three digits: large counts are estimates and would change constantly.</summary>
    internal static long Rounded(long count)
    {
        var step = 1L;
        while (count / step >= 1000)
        {
            step *= 10;
        }

        return (count + (step / 2)) / step * step;
    }
}
