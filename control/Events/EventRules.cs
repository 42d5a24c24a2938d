using System.Text;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What an event may be.</summary>
public static class EventRules
{
    /// <summary>Most events that one answer holds.</summary>
    public const int MaxPage = 200;

    /// <summary>Longest description, in characters.</summary>
    public const int MaxDescription = 5000;

    /// <summary>Longest address of a poster, in characters.</summary>
    public const int MaxPoster = 2000;

    /// <summary>In place of a value: what the channel has.</summary>
    public const string OfChannel = "channel";

    /// <summary>Shortest event.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    /// <summary>Longest event.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>Longest preview, grace and wait.</summary>
    public static readonly TimeSpan MaxMargin = TimeSpan.FromHours(24);

    /// <summary>Most reminders of an event.</summary>
    public const int MaxReminders = 10;

    /// <summary>Longest time before its start at which webhooks can be reminded of an event.</summary>
    public static readonly TimeSpan MaxReminder = TimeSpan.FromDays(7);

    /// <summary>How far ahead occurrences of a series are made.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(90);

    /// <summary>How far ahead an event may be planned.</summary>
    public static readonly TimeSpan Furthest = TimeSpan.FromDays(3660);

    /// <summary>How far ahead viewers are told what comes.</summary>
    public static readonly TimeSpan Sight = TimeSpan.FromDays(30);

    /// <summary>How long after an event that ended with its session encoders are refused: OBS goes on trying for some minutes by itself.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);

    /// <summary>How a new event begins and ends: automatically, with a quarter of an hour to look at the encoder's picture before, and five minutes for the last words.</summary>
    public static EventTerms DefaultTerms { get; } = new(IsManual: false, TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(5), Continues: false, NoShow: null);

    /// <summary>States by name.</summary>
    public static IReadOnlyList<string> States { get; } = ["scheduled", "preview", "live", "ended", "cancelled"];

    /// <summary>How events begin, by name.</summary>
    public static IReadOnlyList<string> Starts { get; } = ["automatic", "manual"];

    /// <summary>What becomes of an event whose encoder goes on after its end and grace, by name.</summary>
    public static IReadOnlyList<string> Overruns { get; } = ["end", "continue"];

    /// <summary>Whether viewers are told of an event before it is on, by name.</summary>
    public static IReadOnlyList<string> Announcements { get; } = ["on", "off"];

    /// <summary>Whether an event is recorded, by name.</summary>
    public static IReadOnlyList<string> Records { get; } = ["on", "off", OfChannel];

    /// <summary>Who may watch an event, by name.</summary>
    public static IReadOnlyList<string> Accesses { get; } = [.. ChannelRules.Accesses, OfChannel];

    /// <summary>Where an event's page for viewers is; <see langword="null"/> for a series, which has none: its occurrences have.</summary>
    /// <param name="pages">Where pages are, without a slash at the end.</param>
    /// <param name="id">The event.</param>
    /// <param name="kind">What it is.</param>
    public static string? PageOf(string pages, string id, EventKind kind) => kind == EventKind.Series ? null : $"{pages}/event/{id}";

    /// <summary>A state's name.</summary>
    public static string Name(EventState state) => States[(int)state];

    /// <summary>The name of a kind.</summary>
    public static string Name(EventKind kind) => kind switch
    {
        EventKind.Series => "series",
        EventKind.Occurrence => "occurrence",
        _ => "single",
    };

    internal static ControlException NotFound(string id) =>
        new(ControlCode.NotFound, $"There is no event '{(id.Length > 26 ? id[..26] : id)}'. 'broadcast event list' shows those there are.");

    internal static void Refuse(IEnumerable<Mistake> mistakes)
    {
        if (mistakes.ToList() is { Count: > 0 } found)
        {
            throw new ControlException(found);
        }
    }

    /// <summary>What is wrong with settings, whatever event they are for.</summary>
    internal static IEnumerable<Mistake> Mistakes(EventSettings s)
    {
        foreach (var mistake in ChannelRules.Mistakes(null, new(Title: s.Title, Ladder: s.Ladder == OfChannel ? null : s.Ladder, Latency: s.Latency == OfChannel ? null : s.Latency)))
        {
            yield return mistake;
        }

        if (s.Title is { } title && string.IsNullOrWhiteSpace(title))
        {
            yield return new("title", "An event needs a title.");
        }

        if (s.Description is { } description && (description.Length > MaxDescription || description.EnumerateRunes().Any(IsUnfit)))
        {
            yield return new("description", $"A description is at most {MaxDescription} characters, without control characters other than line breaks, and changes of direction.");
        }

        if (s.Poster is { Length: > 0 } poster && !IsAddress(poster))
        {
            yield return new("poster", $"A poster is the address of a picture, https://…, or a path on this server, /…, of at most {MaxPoster} characters.");
        }

        if (s.TimeZone is { } zone && !WallClock.TryFind(zone, out _))
        {
            yield return new("timeZone", "There is no such time zone; use an IANA name such as Europe/Berlin or UTC.");
        }

        if (s.Recurrence is { Length: > 0 } recurrence && !RecurrenceRule.TryParse(recurrence, out _, out var wrong))
        {
            yield return new("recurrence", wrong);
        }

        foreach (var (member, value, words) in ((string, string?, IReadOnlyList<string>)[])[("record", s.Record, Records), ("access", s.Access, Accesses), ("announced", s.Announced, Announcements), ("startMode", s.StartMode, Starts), ("overrun", s.Overrun, Overruns)])
        {
            if (value is not null && !words.Contains(value))
            {
                yield return new(member, $"'{member}' must be one of {string.Join(", ", words)}.");
            }
        }

        foreach (var (member, value) in ((string, TimeSpan?)[])[("previewSeconds", s.Preview), ("graceSeconds", s.Grace), ("noShowSeconds", s.NoShow)])
        {
            if (value is { } length && (length < TimeSpan.Zero || length > MaxMargin || length.Ticks % TimeSpan.TicksPerSecond != 0))
            {
                yield return new(member, $"'{member}' must be 0 to 86400 whole seconds.");
            }
        }

        foreach (var mistake in ReminderMistakes(s.Reminders ?? []))
        {
            yield return mistake;
        }
    }

    /// <summary>What is wrong with reminders, of an event or of a channel for its events.</summary>
    internal static IEnumerable<Mistake> ReminderMistakes(IReadOnlyList<int> reminders)
    {
        if (reminders.Count > MaxReminders || reminders.Any(m => m < 1 || m > MaxReminder.TotalMinutes))
        {
            yield return new("reminderMinutes", $"Reminders are at most {MaxReminders} numbers of minutes before the start, 1 to {MaxReminder.TotalMinutes:0}; an empty list is none.");
        }
    }

    /// <summary>What a new event lacks.</summary>
    internal static IEnumerable<Mistake> Missing(EventSettings s)
    {
        foreach (var (member, isMissing) in ((string, bool)[])[("title", s.Title is null), ("channel", s.Channel is null), ("start", s.Start is null), ("end", s.End is null)])
        {
            if (isMissing)
            {
                yield return new(member, $"'{member}' is missing.");
            }
        }
    }

    /// <summary>What is wrong with the time of an event.</summary>
    internal static IEnumerable<Mistake> Mistakes(DateTimeOffset start, DateTimeOffset end, DateTimeOffset now)
    {
        if (end <= now)
        {
            yield return new("end", "The planned end is past.");
        }
        else if (start > now + Furthest)
        {
            yield return new("start", "The start is more than ten years from now.");
        }

        if (end - start < Shortest || end - start > Longest)
        {
            yield return new("end", "An event is 1 minute to 7 days long: 'end' must be that much after 'start'.");
        }
    }

    internal static IEnumerable<Mistake> Mistakes(EventFilter filter)
    {
        if (filter.Limit is < 1 or > MaxPage)
        {
            yield return new("limit", $"A limit is 1 to {MaxPage}.");
        }

        if (filter.State is { } state && !States.Contains(state))
        {
            yield return new("state", $"There is no such state; use one of {string.Join(", ", States)}.");
        }

        if (filter.After is { } after && !SessionId.TryParse(after, out _))
        {
            yield return new("after", "'after' must be an event's id.");
        }
    }

    // Line breaks are fit; what else people do not read or what turns texts around is not (UAX #9, 2.1 to 2.4).
    private static bool IsUnfit(Rune r) => r == Rune.ReplacementChar || (Rune.IsControl(r) && r.Value is not ('\n' or '\r' or '\t')) || r.Value is (>= 0x2028 and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static bool IsAddress(string text) => text.Length <= MaxPoster && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c))
        && ((text[0] == '/' && !text.StartsWith("//", StringComparison.Ordinal)) || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0));
}
