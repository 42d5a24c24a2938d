using System.Text;
using Broadcast.Control.Channels;
using Broadcast.Database;

namespace Broadcast.Control.Events;

/// <summary>Rules for event settings.</summary>
public static class EventRules
{
    /// <summary>Maximum number of events per page.</summary>
    public const int MaxPage = 200;

    /// <summary>Maximum length of descriptions, in characters.</summary>
    public const int MaxDescription = 5000;

    /// <summary>Maximum length of poster URLs, in characters.</summary>
    public const int MaxPoster = 2000;

    private static readonly EnumNames<EventState> StateNames = new("state of an event",
        (EventState.Scheduled, "scheduled"), (EventState.Preview, "preview"), (EventState.Live, "live"), (EventState.Ended, "ended"),
        (EventState.Cancelled, "cancelled"));

    private static readonly EnumNames<EventKind> KindNames = new("kind of event",
        (EventKind.Single, "single"), (EventKind.Series, "series"), (EventKind.Occurrence, "occurrence"));

    /// <summary>Value for the channel's setting.</summary>
    public const string ChannelDefault = "channel";

    /// <summary>Minimum duration of an event.</summary>
    public static readonly TimeSpan MinDuration = TimeSpan.FromMinutes(1);

    /// <summary>Maximum duration of an event.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromDays(7);

    /// <summary>Maximum preview, grace and no-show times.</summary>
    public static readonly TimeSpan MaxMargin = TimeSpan.FromHours(24);

    /// <summary>Maximum number of reminders per event.</summary>
    public const int MaxReminders = 10;

    /// <summary>Maximum time between a reminder and the start.</summary>
    public static readonly TimeSpan MaxReminder = TimeSpan.FromDays(7);

    /// <summary>Time range for which occurrences of a series are created ahead.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(90);

    /// <summary>Maximum time between now and the start of an event.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromDays(3660);

    /// <summary>Time range of announcements to viewers.</summary>
    public static readonly TimeSpan AnnouncementHorizon = TimeSpan.FromDays(30);

    /// <summary>
    /// Cooldown after an event that ended with its session. Encoders are rejected meanwhile, because OBS reconnects for some minutes.
    /// </summary>
    public static readonly TimeSpan Cooldown = TimeSpan.FromMinutes(10);

    /// <summary>Default rules: automatic start, 15 min of preview to check the encoder, and 5 min of grace.</summary>
    public static EventLifecyclePolicy DefaultPolicy { get; } =
        new(IsManual: false, TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(5), Continues: false, NoShow: null);

    /// <summary>Names of the states.</summary>
    public static IReadOnlyList<string> States => StateNames.All;

    /// <summary>Names of the start modes.</summary>
    public static IReadOnlyList<string> Starts { get; } = ["automatic", "manual"];

    /// <summary>Names of the overrun policies, for an encoder that continues after end and grace.</summary>
    public static IReadOnlyList<string> Overruns { get; } = ["end", "continue"];

    /// <summary>Names of the announcement settings.</summary>
    public static IReadOnlyList<string> Announcements { get; } = ["on", "off"];

    /// <summary>Names of the recording settings.</summary>
    public static IReadOnlyList<string> Records { get; } = ["on", "off", ChannelDefault];

    /// <summary>Names of the access policies.</summary>
    public static IReadOnlyList<string> Accesses { get; } = [.. ChannelRules.Accesses, ChannelDefault];

    /// <summary>Names of the chat settings: on, off, on for users and viewers with a viewer token, or the channel's.</summary>
    public static IReadOnlyList<string> Chats { get; } = ["on", "off", "members", ChannelDefault];

    /// <summary>URL of an event's viewer page; <see langword="null"/> for a series, because only its occurrences have pages.</summary>
    /// <param name="pagesUrl">Base URL of viewer pages, without trailing slash.</param>
    /// <param name="id">Id of the event.</param>
    /// <param name="kind">Kind of the event.</param>
    public static string? PageOf(string pagesUrl, string id, EventKind kind) => kind == EventKind.Series ? null : $"{pagesUrl}/event/{id}";

    /// <summary>Gets the name of a state.</summary>
    public static string Name(EventState state) => StateNames.Name(state);

    /// <summary>Parses the name of a state.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    internal static EventState ParseState(string name) => StateNames.Parse(name);

    /// <summary>Parses the name of a kind.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    internal static EventKind ParseKind(string name) => KindNames.Parse(name);

    /// <summary>Gets the name of a kind.</summary>
    public static string Name(EventKind kind) => KindNames.Name(kind);

    internal static OperationException NotFound(string id) =>
        new(OperationErrorCode.NotFound,
            $"There is no event '{(id.Length > 26 ? id[..26] : id)}'. 'broadcast event list' shows all events.");

    internal static void ThrowIfInvalid(IEnumerable<ValidationError> errors)
    {
        if (errors.ToList() is { Count: > 0 } list)
        {
            throw new OperationException(list);
        }
    }

    /// <summary>Validates settings of any event.</summary>
    internal static IEnumerable<ValidationError> Validate(EventSettings s)
    {
        foreach (var error in ChannelRules.Validate(null, new(Title: s.Title, Ladder: s.Ladder == ChannelDefault ? null : s.Ladder,
            Latency: s.Latency == ChannelDefault ? null : s.Latency)))
        {
            yield return error;
        }

        if (s.Title is { } title && string.IsNullOrWhiteSpace(title))
        {
            yield return new("title", "An event needs a title.");
        }

        if (s.Description is { } description && (description.Length > MaxDescription || description.EnumerateRunes().Any(IsForbidden)))
        {
            yield return new("description",
                $"A description must be at most {MaxDescription} characters, without control characters except line breaks, and without "
                + "bidirectional formatting characters.");
        }

        if (s.Poster is { Length: > 0 } poster && !IsImageUrl(poster))
        {
            yield return new("poster",
                $"A poster must be an image URL, https://…, or a path on this server, /…, of at most {MaxPoster} characters.");
        }

        if (s.TimeZone is { } zone && !LocalDateTime.TryFind(zone, out _))
        {
            yield return new("timeZone", "Unknown time zone; use an IANA name such as Europe/Berlin or UTC.");
        }

        if (s.Recurrence is { Length: > 0 } recurrence && !RecurrenceRule.TryParse(recurrence, out _, out var recurrenceError))
        {
            yield return new("recurrence", recurrenceError);
        }

        foreach (var (member, value, names) in ((string, string?, IReadOnlyList<string>)[])[("record", s.Record, Records),
            ("access", s.Access, Accesses), ("chat", s.Chat, Chats), ("announced", s.Announced, Announcements),
                ("startMode", s.StartMode, Starts), ("overrun", s.Overrun, Overruns)])
        {
            if (value is not null && !names.Contains(value))
            {
                yield return new(member, $"'{member}' must be one of {string.Join(", ", names)}.");
            }
        }

        foreach (var (member, value) in ((string, TimeSpan?)[])[("previewSeconds", s.Preview), ("graceSeconds", s.Grace),
            ("noShowSeconds", s.NoShow)])
        {
            if (value is { } length && (length < TimeSpan.Zero || length > MaxMargin || length.Ticks % TimeSpan.TicksPerSecond != 0))
            {
                yield return new(member, $"'{member}' must be 0 to 86400 whole seconds.");
            }
        }

        foreach (var error in ValidateReminders(s.Reminders ?? []))
        {
            yield return error;
        }
    }

    /// <summary>Validates reminders of an event, or a channel's defaults.</summary>
    internal static IEnumerable<ValidationError> ValidateReminders(IReadOnlyList<int> reminders)
    {
        if (reminders.Count > MaxReminders || reminders.Any(m => m < 1 || m > MaxReminder.TotalMinutes))
        {
            yield return new("reminderMinutes",
                $"Reminders must be at most {MaxReminders} numbers of minutes before the start, 1 to {MaxReminder.TotalMinutes:0}; an "
                + "empty list means none.");
        }
    }

    /// <summary>Reports missing members of a new event.</summary>
    internal static IEnumerable<ValidationError> Missing(EventSettings s)
    {
        foreach (var (member, isMissing) in ((string, bool)[])[("title", s.Title is null), ("channel", s.Channel is null),
            ("start", s.Start is null), ("end", s.End is null)])
        {
            if (isMissing)
            {
                yield return new(member, $"'{member}' is missing.");
            }
        }
    }

    /// <summary>Validates the times of an event.</summary>
    internal static IEnumerable<ValidationError> Validate(DateTimeOffset start, DateTimeOffset end, DateTimeOffset now)
    {
        if (end <= now)
        {
            yield return new("end", "The planned end has passed.");
        }
        else if (start > now + MaxAhead)
        {
            yield return new("start", "The start is more than ten years from now.");
        }

        if (end - start < MinDuration || end - start > MaxDuration)
        {
            yield return new("end", "An event must be 1 minute to 7 days long: 'end' must be that much after 'start'.");
        }
    }

    internal static IEnumerable<ValidationError> Validate(EventFilter filter)
    {
        if (filter.Limit is < 1 or > MaxPage)
        {
            yield return new("limit", $"A limit must be 1 to {MaxPage}.");
        }

        if (filter.State is { } state && !States.Contains(state))
        {
            yield return new("state", $"Unknown state; use one of {string.Join(", ", States)}.");
        }

        if (filter.After is { } after && !EventId.TryParse(after, out _))
        {
            yield return new("after", "'after' must be an event id.");
        }
    }

    // Line breaks are allowed. Other control characters and bidirectional formatting characters are not (UAX #9, 2.1 to 2.4).
    private static bool IsForbidden(Rune r) => r == Rune.ReplacementChar || (Rune.IsControl(r) && r.Value is not ('\n' or '\r' or '\t'))
        || r.Value is (>= 0x2028 and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static bool IsImageUrl(string text) => text.Length <= MaxPoster
        && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c))
        && ((text[0] == '/' && !text.StartsWith("//", StringComparison.Ordinal))
            || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0));
}
