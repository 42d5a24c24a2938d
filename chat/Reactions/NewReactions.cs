using Broadcast.Chat.Messages;
using Broadcast.Media;

namespace Broadcast.Chat.Reactions;

/// <summary>Reactions that a participant has sent. They are counted, and not stored with the participant.</summary>
/// <param name="Identity">Id of the participant.</param>
/// <param name="Counts">Number by emoji of <see cref="Emoji"/>, each 1 to <see cref="MaxCount"/>.</param>
/// <param name="SentAt">Time of receipt.</param>
internal sealed record NewReactions(Ulid Identity, IReadOnlyDictionary<string, int> Counts, DateTimeOffset SentAt)
    : Submission(Identity, SentAt)
{
    /// <summary>Maximum number of one emoji in a request.</summary>
    public const int MaxCount = 20;

    /// <summary>Emoji of reactions.</summary>
    public static IReadOnlyList<string> Emoji { get; } = ["\U0001F44F", "\u2764\uFE0F", "\U0001F602", "\U0001F62E", "\U0001F389",
        "\U0001F525"];

    /// <summary>Checks counts as received.</summary>
    /// <returns>The error as a sentence; <see langword="null"/> when they are valid.</returns>
    public static string? Check(IReadOnlyDictionary<string, int>? counts) =>
        counts is null or { Count: 0 } ? "'reactions' is missing."
        : counts.Keys.Any(emoji => !Emoji.Contains(emoji, StringComparer.Ordinal)) ? $"Known reactions are {string.Join(' ', Emoji)}."
        : counts.Values.Any(count => count is < 1 or > MaxCount) ? $"The number of a reaction must be 1 to {MaxCount}." : null;

    /// <summary>Adds counts up, in the order of <see cref="Emoji"/>.</summary>
    public static IReadOnlyDictionary<string, long> Sum(IEnumerable<NewReactions> all)
    {
        var sum = new SortedDictionary<string, long>(Comparer<string>.Create((a, b) => IndexOf(a).CompareTo(IndexOf(b))));
        foreach (var (emoji, count) in all.SelectMany(reactions => reactions.Counts))
        {
            sum[emoji] = sum.GetValueOrDefault(emoji) + count;
        }

        return sum;
    }

    private static int IndexOf(string emoji) => Emoji.ToList().IndexOf(emoji);
}
