using System.Globalization;
using Broadcast.Chat.Filters.Links;
using Broadcast.Chat.Filters.Words;

namespace Broadcast.Chat.Filters;

/// <summary>
/// Filter of a channel, compiled from its settings. Decides about cleaned text only; <see cref="RepeatMemory"/> knows about earlier
/// messages. Immutable and thread-safe. The time of a check is proportional to the length of the text.
/// </summary>
internal sealed class MessageFilter
{
    private const string WordNotice = "The message contains a word that is not allowed in this chat.";
    private const string NameNotice = "The name contains a word that is not allowed in this chat. Join the chat with another name.";
    private readonly WordMatcher _words;
    private readonly string[] _domains;
    private readonly Func<string, bool> _isForbidden;

    /// <summary>Compiles settings. Parts that <see cref="FilterSettings.Validate"/> rejects are left out.</summary>
    public MessageFilter(FilterSettings settings)
    {
        Settings = settings;
        _words = new(settings.Words.Held, settings.Words.Rejected);
        _domains = [.. settings.Links.Domains.Take(LinkRules.MaxDomains).Select(DomainName.Normalize).OfType<string>()];
        _isForbidden = host => DomainName.Normalize(host) is not { } domain
            || !_domains.Any(allowed => DomainName.IsWithin(domain, allowed));
    }

    /// <summary>Filter that allows everything.</summary>
    public static MessageFilter None { get; } = new(new());

    /// <summary>The settings.</summary>
    public FilterSettings Settings { get; }

    /// <summary>Decides about a message. A rejection precedes a hold, and otherwise the first rule that applies decides.</summary>
    /// <param name="text">The text, cleaned.</param>
    /// <param name="name">Displayed name of the sender; <see langword="null"/> when it needs no check.</param>
    /// <returns>The decision; <see cref="FilterDecision.Allowed"/> when no rule applies.</returns>
    public FilterDecision Check(string text, string? name = null)
    {
        var held = CheckWords(text);
        if (held is { Action: FilterAction.Reject })
        {
            return held;
        }

        if (name is not null && CheckName(name) is { Action: not FilterAction.Allow } named && !Keep(named, ref held))
        {
            return named;
        }

        if (Settings.Links.Action != FilterAction.Allow && LinkFinder.Find(text, _isForbidden) is { } link)
        {
            var decision = new FilterDecision(Settings.Links.Action, FilterRule.Link,
                $"The message contains a link to '{SettingErrors.Shorten(link.Host)}'.", "This link is not allowed in this chat.",
                link.Start, link.Length);
            if (!Keep(decision, ref held))
            {
                return decision;
            }
        }

        if (HasCountRules)
        {
            CheckCounts(MessageCounts.Of(text), ref held);
        }

        return held ?? FilterDecision.Allowed;
    }

    /// <summary>Decides about a name by the word lists.</summary>
    /// <param name="name">The name, cleaned.</param>
    public FilterDecision CheckName(string name) => _words.Find(name) is { } match
        ? new(ActionOf(match), FilterRule.Name, $"The name of the sender contains the listed word '{match.Entry}'.", NameNotice,
            match.Start, match.Length)
        : FilterDecision.Allowed;

    /// <summary>Decides about a message that <see cref="RepeatMemory"/> has seen before.</summary>
    /// <param name="kind">The kind of repetition.</param>
    public FilterDecision CheckRepeat(RepeatKind kind) => kind switch
    {
        _ when Settings.Repeats.Action == FilterAction.Allow => FilterDecision.Allowed,
        RepeatKind.BySender => new(Settings.Repeats.Action, FilterRule.Repeat, "The sender has just sent the same message.",
            "You have just sent this message."),
        RepeatKind.ByOthers => new(Settings.Repeats.Action, FilterRule.Repeat, "Another viewer has just sent the same message.",
            "This message has just been sent."),
        _ => FilterDecision.Allowed,
    };

    private bool HasCountRules => (Settings.Repeats.Action != FilterAction.Allow && Settings.Repeats.MaxRun is not null)
        || Settings.Capitals.Action != FilterAction.Allow || Settings.Emoji.Action != FilterAction.Allow
        || Settings.Mentions.Action != FilterAction.Allow;

    private static FilterAction ActionOf(WordMatch match) => match.IsRejected ? FilterAction.Reject : FilterAction.Hold;

    private FilterDecision? CheckWords(string text) => _words.Find(text) is { } match
        ? new(ActionOf(match), FilterRule.Word, $"The message contains the listed word '{match.Entry}'.", WordNotice,
            match.Start, match.Length)
        : null;

    private void CheckCounts(MessageCounts counts, ref FilterDecision? held)
    {
        if (Settings.Repeats is { Action: not FilterAction.Allow, MaxRun: { } maxRun } && counts.LongestRun > maxRun)
        {
            Keep(new(Settings.Repeats.Action, FilterRule.Run, Invariant($"The message repeats a character {counts.LongestRun} times."),
                Invariant($"The message repeats a character more than {maxRun} times."), counts.RunStart, counts.RunLength), ref held);
        }

        var capitals = Settings.Capitals;
        if (capitals.Action != FilterAction.Allow && counts.CasedLetters >= CapitalRules.MinLetters
            && counts.Capitals * 100L > (long)capitals.MaxPercent * counts.CasedLetters)
        {
            Keep(new(capitals.Action, FilterRule.Capitals,
                Invariant($"{counts.Capitals} of {counts.CasedLetters} letters are capitals."), "The message has too many capitals."),
                ref held);
        }

        CheckCount(Settings.Emoji, FilterRule.Emoji, counts.Emoji, "emoji", ref held);
        CheckCount(Settings.Mentions, FilterRule.Mentions, counts.Mentions, "mentions", ref held);
    }

    private static void CheckCount(CountRule rule, FilterRule kind, int count, string things, ref FilterDecision? held)
    {
        if (rule.Action != FilterAction.Allow && count > rule.Max)
        {
            Keep(new(rule.Action, kind, Invariant($"The message has {count} {things}."),
                Invariant($"The message has too many {things}. At most {rule.Max} are allowed.")), ref held);
        }
    }

    // Keeps the most severe decision, and of two alike the first.
    private static bool Keep(FilterDecision decision, ref FilterDecision? held)
    {
        if (held is null || decision.Action > held.Action)
        {
            held = decision;
        }

        return held.Action != FilterAction.Reject;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
