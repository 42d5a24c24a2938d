using System.Text.Encodings.Web;
using System.Text.Json;
using Broadcast.Media;
using Broadcast.Origin.Counting;
using Broadcast.Origin.Dash;

namespace Broadcast.Origin.Delivery;

/// <summary>What a channel's status says of viewers.</summary>
/// <param name="Count">How many watch; <see langword="null"/> where nobody is to be told.</param>
/// <param name="Level">The level of <see cref="ViewerShare"/> whose pages tell of themselves.</param>
internal readonly record struct StatusViewers(long? Count, int Level);

/// <summary><c>status.json</c>, which the watch page asks for.</summary>
internal static class ChannelStatusText
{
    /// <summary>
    /// <c>{"state":…,"session":…,"startedAt":…,"liveEdge":…}</c>; <c>"title":…</c> where what is on is called otherwise than its channel; <c>"viewers":…</c> and <c>"beacon":{"every":…,"share":…}</c> (how often pages that play tell of themselves, in seconds, and which share of them) while it is
    /// live; <c>"next":{"title":…,"startsAt":…}</c> where something is announced; and <c>"replay":{"id":…,"title":…,"startedAt":…,"duration":seconds}</c> where a broadcast that is over can be replayed. The states are those of <see cref="ChannelState"/> in lower case.
    /// </summary>
    public static Document Draw(ChannelStatus status, PlannedBroadcast? next, ChannelReplay? replay, StatusViewers? viewers, string? title = null)
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

            if (viewers is { } told)
            {
                if (told.Count is { } count)
                {
                    json.WriteNumber("viewers", Rounded(count));
                }

                json.WriteStartObject("beacon");
                json.WriteNumber("every", (int)ShareRules.Every.TotalSeconds);
                json.WriteNumber("share", ViewerShare.Of(told.Level));
                json.WriteEndObject();
            }

            if (next is not null)
            {
                json.WriteStartObject("next");
                json.WriteString("title", next.Title);
                WriteInstant(json, "startsAt", next.StartsAt);
                json.WriteEndObject();
            }

            if (replay is not null)
            {
                json.WriteStartObject("replay");
                json.WriteString("id", replay.Id.Value);
                json.WriteString("title", replay.Title);
                WriteInstant(json, "startedAt", replay.StartedAt);
                json.WriteNumber("duration", (long)replay.Duration.TotalSeconds);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return new Document(target.ToArray(), ContentTypes.Json);

        static void WriteInstant(Utf8JsonWriter json, string name, DateTimeOffset? value) =>
            json.WriteString(name, value is { } instant ? MpdText.Instant(instant) : null);
    }

    /// <summary>To three digits: more are not known of a large audience, and would change all the time.</summary>
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
