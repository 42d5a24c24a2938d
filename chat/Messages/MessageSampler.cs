using Broadcast.Media;

namespace Broadcast.Chat.Messages;

/// <summary>
/// Choice of the messages that viewers see when more arrive than they can read. Each sender keeps the same share, and which senders are
/// left out is random.
/// </summary>
internal static class MessageSampler
{
    /// <summary>Orders messages: those that viewers see come first, in the order of arrival, then the others.</summary>
    /// <param name="arrived">Messages in the order of arrival.</param>
    /// <param name="sender">Sender of a message.</param>
    /// <param name="maxShown">Maximum number of messages that viewers see.</param>
    /// <param name="random">Source of randomness.</param>
    /// <returns>The messages, and the number of those that viewers see.</returns>
    public static (IReadOnlyList<T> Ordered, int Shown) Choose<T>(IReadOnlyList<T> arrived, Func<T, Ulid> sender, int maxShown,
        Random random)
    {
        if (arrived.Count <= maxShown)
        {
            return (arrived, arrived.Count);
        }

        // The first message of every sender comes before the second one of any.
        var counts = new Dictionary<Ulid, int>();
        var shown = arrived.Select((message, index) =>
            {
                var nth = counts[sender(message)] = counts.GetValueOrDefault(sender(message)) + 1;
                return (Index: index, Nth: nth, Lot: random.Next());
            })
            .OrderBy(entry => entry.Nth).ThenBy(entry => entry.Lot).Take(maxShown).Select(entry => entry.Index).ToHashSet();
        return ([.. arrived.Where((_, index) => shown.Contains(index)), .. arrived.Where((_, index) => !shown.Contains(index))], maxShown);
    }
}
