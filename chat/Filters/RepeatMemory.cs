using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Chat.Filters.Folding;
using Broadcast.Media;

namespace Broadcast.Chat.Filters;

/// <summary>Kinds of repetition of a message.</summary>
internal enum RepeatKind
{
    /// <summary>The message is new.</summary>
    None,

    /// <summary>The same participant has sent it.</summary>
    BySender,

    /// <summary>Another participant has sent it.</summary>
    ByOthers,
}

/// <summary>
/// Memory of recent messages of all channels of this server, by which repetitions are found. Messages are the same when they differ only in
/// case, look-alikes, spaces, punctuation and repeated letters. Only keyed hashes are kept, no text. When the memory is full, the oldest
/// hashes are forgotten. Thread-safe.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="capacity">Maximum number of hashes: one per message, or two with <see cref="RepeatRules.AnyoneSeconds"/>.</param>
internal sealed class RepeatMemory(TimeProvider time, int capacity = RepeatMemory.DefaultCapacity)
{
    /// <summary>Default capacity, for about 500 messages per second in the longest window. It takes 30 MB when it is full.</summary>
    public const int DefaultCapacity = 300_000;

    /// <summary>Minimum number of letters and digits of messages that only one viewer can send: many people write "hello".</summary>
    public const int MinSharedLength = 12;

    private readonly Lock _lock = new();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<UInt128, Entry> _entries = [];

    // Bounded by the capacity: each addition takes out the oldest entry when there is no space left.
    private readonly Queue<(UInt128 Hash, long Added)> _order = [];

    /// <summary>Number of hashes in memory.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>
    /// Remembers a message unless it repeats another one. Repetitions do not extend the time: after it, the message is new again.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="sender">Id of the participant.</param>
    /// <param name="text">The text, cleaned.</param>
    /// <param name="rules">Rules of the channel.</param>
    /// <returns>The kind of repetition; <see cref="RepeatKind.None"/> when the message was remembered, or the rules are off.</returns>
    public RepeatKind Add(ChannelName channel, Ulid sender, string text, RepeatRules rules)
    {
        if (rules.Action == FilterAction.Allow || (rules.SenderSeconds <= 0 && rules.AnyoneSeconds <= 0))
        {
            return RepeatKind.None;
        }

        var (own, shared) = Hash(channel, sender, text);
        var now = time.GetTimestamp();
        lock (_lock)
        {
            RemoveOld(now);
            if (IsRecent(own, now, rules.SenderSeconds))
            {
                return RepeatKind.BySender;
            }

            if (rules.AnyoneSeconds > 0 && shared is { } hash)
            {
                if (IsRecent(hash, now, rules.AnyoneSeconds))
                {
                    return _entries[hash].Sender == sender ? RepeatKind.BySender : RepeatKind.ByOthers;
                }

                Remember(hash, sender, now);
            }

            if (rules.SenderSeconds > 0)
            {
                Remember(own, sender, now);
            }
        }

        return RepeatKind.None;
    }

    /// <summary>Forgets a message that <see cref="Add"/> has remembered and that was not published, so that it can be sent again.</summary>
    public void Remove(ChannelName channel, Ulid sender, string text)
    {
        var (own, shared) = Hash(channel, sender, text);
        lock (_lock)
        {
            _entries.Remove(own);
            if (shared is { } hash && _entries.TryGetValue(hash, out var entry) && entry.Sender == sender)
            {
                _entries.Remove(hash);
            }
        }
    }

    private bool IsRecent(UInt128 hash, long now, int seconds) => seconds > 0 && _entries.TryGetValue(hash, out var entry)
        && time.GetElapsedTime(entry.Added, now) < TimeSpan.FromSeconds(seconds);

    private void Remember(UInt128 hash, Ulid sender, long now)
    {
        if (_order.Count >= capacity)
        {
            RemoveOldest();
        }

        _order.Enqueue((hash, now));
        _entries[hash] = new(now, sender);
    }

    private void RemoveOld(long now)
    {
        while (_order.TryPeek(out var oldest)
            && time.GetElapsedTime(oldest.Added, now) >= TimeSpan.FromSeconds(RepeatRules.MaxSeconds))
        {
            RemoveOldest();
        }
    }

    private void RemoveOldest()
    {
        // An entry that was remembered again since then has a newer place in the order.
        var (hash, added) = _order.Dequeue();
        if (_entries.TryGetValue(hash, out var entry) && entry.Added == added)
        {
            _entries.Remove(hash);
        }
    }

    // The hash of the message of this sender, and that of the message of anyone; null when it is short.
    private (UInt128 Own, UInt128? Shared) Hash(ChannelName channel, Ulid sender, string text)
    {
        using var folded = FoldedText.Of(text);
        var letters = ArrayPool<byte>.Shared.Rent((sizeof(int) * Math.Max(folded.Elements.Length, text.Length)) + Ulid.Length);
        var (length, count) = Write(folded.Elements, text, letters);
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        Span<byte> result = stackalloc byte[SHA256.HashSizeInBytes];
        hash.AppendData(Encoding.UTF8.GetBytes(channel.Value));
        hash.AppendData([0]);
        hash.AppendData(letters, 0, length);
        hash.GetCurrentHash(result);
        UInt128? shared = count >= MinSharedLength ? BinaryPrimitives.ReadUInt128LittleEndian(result) : null;
        hash.AppendData([1]);
        hash.AppendData(Encoding.UTF8.GetBytes(sender.Value));
        hash.GetHashAndReset(result);
        ArrayPool<byte>.Shared.Return(letters);
        return (BinaryPrimitives.ReadUInt128LittleEndian(result), shared);
    }

    // Letters without repetitions, and digits; the symbols of a message without them; the text of one without either.
    private static (int Bytes, int Count) Write(ReadOnlySpan<TextElement> elements, string text, Span<byte> bytes)
    {
        foreach (var kind in (ReadOnlySpan<ElementKind>)[ElementKind.LetterSymbol, ElementKind.Symbol])
        {
            var (count, last) = (0, 0);
            foreach (var element in elements)
            {
                var isRepeated = element.Letter == last && element.Kind != ElementKind.Digit && element.Script != Scripts.Unspaced;
                if (element.Kind <= kind && !isRepeated)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(bytes[(sizeof(int) * count++)..], element.Letter);
                    last = element.Letter;
                }
            }

            if (count > 0)
            {
                return (sizeof(int) * count, kind == ElementKind.LetterSymbol ? count : 0);
            }
        }

        return (Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, bytes.Length / sizeof(int))), bytes), 0);
    }

    private readonly record struct Entry(long Added, Ulid Sender);
}
