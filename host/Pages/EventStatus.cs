using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Broadcast.Control;

namespace Broadcast.Host.Pages;

/// <summary>What an event's page asks for again and again: the event as JSON. Drawn once a change, and handed out from memory.</summary>
internal static class EventStatus
{
    private static readonly ConditionalWeakTable<EventPage, WebPage> Drawn = [];

    /// <summary>
    /// <c>{"id":…,"channel":…,"title":…,"description":…,"poster":…,"state":…,"startsAt":…,"endsAt":…,"startedAt":…,"endedAt":…}</c>, and <c>"replay":{"id":…,"title":…,"startedAt":…,"duration":seconds}</c> where it
    /// is over and can be replayed. The states are <c>scheduled</c>, <c>live</c>, <c>ended</c> and <c>cancelled</c>: to its audience an event in preview is to come.
    /// </summary>
    public static WebPage Of(EventPage planned) => Drawn.GetValue(planned, static p => WebPage.Of(Write(p), "application/json"));

    private static byte[] Write(EventPage planned)
    {
        using var target = new MemoryStream(1024);
        using (var json = new Utf8JsonWriter(target))
        {
            json.WriteStartObject();
            json.WriteString("id", planned.Id);
            json.WriteString("channel", planned.Channel.Value);
            json.WriteString("title", planned.Title);
            json.WriteString("description", planned.Description);
            json.WriteString("poster", planned.Poster);
            json.WriteString("state", planned.State switch
            {
                EventState.Live => "live",
                EventState.Ended => "ended",
                EventState.Cancelled => "cancelled",
                _ => "scheduled",
            });
            json.WriteString("startsAt", Instant(planned.StartsAt));
            json.WriteString("endsAt", Instant(planned.EndsAt));
            json.WriteString("startedAt", Instant(planned.WentLiveAt));
            json.WriteString("endedAt", Instant(planned.EndedAt));
            if (planned.Replay is { } replay)
            {
                json.WriteStartObject("replay");
                json.WriteString("id", replay.Id.Value);
                json.WriteString("title", replay.Title);
                json.WriteString("startedAt", Instant(replay.StartedAt));
                json.WriteNumber("duration", (long)replay.Duration.TotalSeconds);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return target.ToArray();
    }

    private static string? Instant(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
