using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Broadcast.Control.Events;
using Broadcast.Control.Pages;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Host.Pages;

/// <summary>The <c>status.json</c> of event pages, rendered once per change and served from memory.</summary>
internal static class EventStatus
{
    private static readonly ConditionalWeakTable<PublicEvent, WebPage> Rendered = [];

    /// <summary>
    /// <c>{"id":…,"channel":…,"title":…,"description":…,"poster":…,"state":…,"startsAt":…,"endsAt":…,"startedAt":…,"endedAt":…}</c>, and,
    /// once the event has ended with a recording, <c>"replay":{"id":…,"title":…,"startedAt":…,"duration":seconds}</c>. States are
    /// <c>scheduled</c>, <c>live</c>, <c>ended</c> and <c>cancelled</c>. An event in preview is <c>scheduled</c> for viewers.
    /// </summary>
    public static WebPage Of(PublicEvent publicEvent) =>
        Rendered.GetValue(publicEvent, static p => WebPage.Of(Write(p), "application/json"));

    private static byte[] Write(PublicEvent publicEvent)
    {
        using var target = new MemoryStream(1024);
        using (var json = new Utf8JsonWriter(target))
        {
            json.WriteStartObject();
            json.WriteString("id", publicEvent.Id);
            json.WriteString("channel", publicEvent.Channel.Value);
            json.WriteString("title", publicEvent.Title);
            json.WriteString("description", publicEvent.Description);
            json.WriteString("poster", publicEvent.Poster);
            json.WriteString("state", publicEvent.State switch
            {
                EventState.Live => "live",
                EventState.Ended => "ended",
                EventState.Cancelled => "cancelled",
                _ => "scheduled",
            });
            json.WriteString("startsAt", Instant(publicEvent.StartsAt));
            json.WriteString("endsAt", Instant(publicEvent.EndsAt));
            json.WriteString("startedAt", Instant(publicEvent.WentLiveAt));
            json.WriteString("endedAt", Instant(publicEvent.EndedAt));
            if (publicEvent.Replay is { } recording)
            {
                WriteReplay(json, recording);
            }

            json.WriteEndObject();
        }

        return target.ToArray();
    }

    /// <summary>Writes the member <c>replay</c>.</summary>
    internal static void WriteReplay(Utf8JsonWriter json, ChannelRecording recording)
    {
        json.WriteStartObject("replay");
        json.WriteString("id", recording.Id.Value);
        json.WriteString("title", recording.Title);
        json.WriteString("startedAt", Instant(recording.StartedAt));
        json.WriteNumber("duration", (long)recording.Duration.TotalSeconds);
        json.WriteEndObject();
    }

    /// <summary>Formats an instant, with milliseconds.</summary>
    internal static string? Instant(DateTimeOffset? at) =>
        at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
