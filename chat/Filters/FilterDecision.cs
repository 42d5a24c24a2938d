using System.Text.Json.Serialization;

namespace Broadcast.Chat.Filters;

/// <summary>Consequence of a rule that applies to a message.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FilterAction>))]
internal enum FilterAction
{
    /// <summary>The message is published: the rule is off.</summary>
    [JsonStringEnumMemberName("allow")]
    Allow,

    /// <summary>A moderator decides about the message.</summary>
    [JsonStringEnumMemberName("hold")]
    Hold,

    /// <summary>The message is not accepted, and the sender gets the reason.</summary>
    [JsonStringEnumMemberName("reject")]
    Reject,
}

/// <summary>Rule of a filter.</summary>
internal enum FilterRule
{
    /// <summary>No rule: the message is allowed.</summary>
    None,

    /// <summary>A listed word in the text.</summary>
    Word,

    /// <summary>A listed word in the name of the sender.</summary>
    Name,

    /// <summary>A link to a domain that is not allowed.</summary>
    Link,

    /// <summary>A long run of the same character.</summary>
    Run,

    /// <summary>A message that has just been sent.</summary>
    Repeat,

    /// <summary>Too many capitals.</summary>
    Capitals,

    /// <summary>Too many emoji.</summary>
    Emoji,

    /// <summary>Too many mentions.</summary>
    Mentions,
}

/// <summary>Decision of the filters about a message or a name.</summary>
/// <param name="Action">The consequence.</param>
/// <param name="Rule">The rule that decided.</param>
/// <param name="ForModerators">Reason as a sentence for moderators. It can contain the list entry that matched.</param>
/// <param name="ForSender">Reason as a sentence for the sender. It never contains the list entry or the matched text.</param>
/// <param name="Start">Start of the match in UTF-16 units, in the text, or in the name for <see cref="FilterRule.Name"/>.</param>
/// <param name="Length">Length of the match in UTF-16 units; 0 when the decision is about the whole message.</param>
internal sealed record FilterDecision(
    FilterAction Action, FilterRule Rule, string ForModerators, string ForSender, int Start = 0, int Length = 0)
{
    /// <summary>The decision that no rule applies.</summary>
    public static FilterDecision Allowed { get; } = new(FilterAction.Allow, FilterRule.None, "", "");
}
