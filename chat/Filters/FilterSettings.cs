using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Chat.Filters.Links;
using Broadcast.Chat.Filters.Words;

namespace Broadcast.Chat.Filters;

/// <summary>Filters of a channel's chat. Everything is allowed by default. Stored as JSON, see <see cref="FilterJson"/>.</summary>
internal sealed record FilterSettings
{
    /// <summary>Listed words.</summary>
    public WordRules Words { get; init => field = value ?? new(); } = new();

    /// <summary>Links.</summary>
    public LinkRules Links { get; init => field = value ?? new(); } = new();

    /// <summary>Repeated characters and messages.</summary>
    public RepeatRules Repeats { get; init => field = value ?? new(); } = new();

    /// <summary>Capitals.</summary>
    public CapitalRules Capitals { get; init => field = value ?? new(); } = new();

    /// <summary>Emoji of a message. Flags, and emoji that consist of several, count as one.</summary>
    public CountRule Emoji { get; init => field = value ?? new(); } = new();

    /// <summary>Mentions (<c>@name</c>) of a message.</summary>
    public CountRule Mentions { get; init => field = value ?? new(); } = new();

    /// <summary>Reads settings from JSON.</summary>
    /// <exception cref="JsonException">The text is not a valid object, or has an unknown member.</exception>
    public static FilterSettings Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, FilterJson.Default.FilterSettings)
            ?? throw new JsonException("The filters must be a JSON object.");

    /// <summary>Reads stored settings. Members that only a newer version knows are ignored.</summary>
    /// <exception cref="JsonException">The text is not a valid object.</exception>
    public static FilterSettings ParseStored(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, StoredFilterJson.Default.FilterSettings) ?? new();

    /// <summary>Renders the settings as UTF-8 JSON, with all members.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, FilterJson.Default.FilterSettings);

    /// <summary>Checks all limits.</summary>
    /// <returns>Errors as sentences, at most <see cref="SettingErrors.Max"/>; empty when the settings are valid.</returns>
    public IReadOnlyList<string> Validate()
    {
        var errors = new SettingErrors();
        Words.Validate(errors);
        Links.Validate(errors);
        Repeats.Validate(errors);
        Capitals.Validate(errors);
        Emoji.Validate(errors, "emoji");
        Mentions.Validate(errors, "mentions");
        return errors.All;
    }
}

/// <summary>
/// Listed words, see <see cref="WordEntry"/> for their syntax: together at most <see cref="MaxEntries"/> entries of at most
/// <see cref="WordEntry.MaxLength"/> code points.
/// </summary>
internal sealed record WordRules
{
    /// <summary>Maximum number of entries of both lists.</summary>
    public const int MaxEntries = 1000;

    /// <summary>Entries that hold a message for review.</summary>
    public IReadOnlyList<string> Held { get; init => field = value ?? []; } = [];

    /// <summary>Entries that reject a message.</summary>
    public IReadOnlyList<string> Rejected { get; init => field = value ?? []; } = [];

    /// <summary>Adds the errors of these settings.</summary>
    public void Validate(SettingErrors errors)
    {
        if (Held.Count + Rejected.Count is var count and > MaxEntries)
        {
            errors.Add($"'words' has {count} entries, but at most {MaxEntries} are allowed.");
            return;
        }

        foreach (var entry in Held.Concat(Rejected))
        {
            if (WordEntry.TryParse(entry, out _) is { } error)
            {
                errors.Add($"'words': {error}");
            }
        }
    }
}

/// <summary>Links in messages.</summary>
internal sealed record LinkRules
{
    /// <summary>Maximum number of allowed domains.</summary>
    public const int MaxDomains = 100;

    /// <summary>Consequence of a link to a domain that is not in <see cref="Domains"/>.</summary>
    public FilterAction Action { get; init; }

    /// <summary>Domains to which links are always allowed, with their subdomains; at most <see cref="MaxDomains"/>.</summary>
    public IReadOnlyList<string> Domains { get; init => field = value ?? []; } = [];

    /// <summary>Adds the errors of these settings.</summary>
    public void Validate(SettingErrors errors)
    {
        errors.Check(Action, "links.action");
        if (Domains.Count > MaxDomains)
        {
            errors.Add($"'links.domains' has {Domains.Count} entries, but at most {MaxDomains} are allowed.");
            return;
        }

        foreach (var domain in Domains.Where(domain => DomainName.Normalize(domain) is null))
        {
            errors.Add($"'links.domains': '{SettingErrors.Shorten(domain)}' is not a domain such as example.com.");
        }
    }
}

/// <summary>Repeated characters and messages.</summary>
internal sealed record RepeatRules
{
    /// <summary>Maximum of <see cref="SenderSeconds"/> and <see cref="AnyoneSeconds"/>, in seconds.</summary>
    public const int MaxSeconds = 600;

    /// <summary>Consequence of both kinds of repetition.</summary>
    public FilterAction Action { get; init; }

    /// <summary>Maximum number of the same character in a row, 3 to 500; <see langword="null"/> for any number.</summary>
    public int? MaxRun { get; init; }

    /// <summary>Seconds in which a sender cannot send the same message again, 0 to <see cref="MaxSeconds"/>; 0 is off.</summary>
    public int SenderSeconds { get; init; }

    /// <summary>
    /// Seconds in which the same message cannot be sent by anyone, 0 to <see cref="MaxSeconds"/>; 0 is off. Short messages are not
    /// affected, see <see cref="RepeatMemory.MinSharedLength"/>.
    /// </summary>
    public int AnyoneSeconds { get; init; }

    /// <summary>Adds the errors of these settings.</summary>
    public void Validate(SettingErrors errors)
    {
        errors.Check(Action, "repeats.action");
        errors.Check(MaxRun, 3, 500, "repeats.maxRun");
        errors.Check(SenderSeconds, 0, MaxSeconds, "repeats.senderSeconds");
        errors.Check(AnyoneSeconds, 0, MaxSeconds, "repeats.anyoneSeconds");
    }
}

/// <summary>Share of capitals in messages with at least <see cref="MinLetters"/> letters that have two cases.</summary>
/// <param name="Action">Consequence of more capitals.</param>
/// <param name="MaxPercent">Maximum share of capitals in percent, 1 to 99.</param>
internal sealed record CapitalRules(FilterAction Action = FilterAction.Allow, int MaxPercent = 70)
{
    /// <summary>Minimum number of letters with two cases: shorter messages are never affected.</summary>
    public const int MinLetters = 10;

    /// <summary>Adds the errors of these settings.</summary>
    public void Validate(SettingErrors errors)
    {
        errors.Check(Action, "capitals.action");
        errors.Check(MaxPercent, 1, 99, "capitals.maxPercent");
    }
}

/// <summary>Maximum number of something in a message.</summary>
/// <param name="Action">Consequence of a higher number.</param>
/// <param name="Max">The maximum, 0 to 500.</param>
internal sealed record CountRule(FilterAction Action = FilterAction.Allow, int Max = 10)
{
    /// <summary>Adds the errors of these settings.</summary>
    /// <param name="errors">The errors.</param>
    /// <param name="member">Name of the rule in JSON.</param>
    public void Validate(SettingErrors errors, string member)
    {
        errors.Check(Action, $"{member}.action");
        errors.Check(Max, 0, 500, $"{member}.max");
    }
}

/// <summary>Source-generated serialization of <see cref="FilterSettings"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(FilterSettings))]
internal sealed partial class FilterJson : JsonSerializerContext;

/// <summary>Source-generated serialization of stored <see cref="FilterSettings"/>, which a newer version may have written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(FilterSettings))]
internal sealed partial class StoredFilterJson : JsonSerializerContext;
