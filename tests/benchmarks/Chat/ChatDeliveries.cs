using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>
/// Messages that readers have received in the measured time, and their delays. The text of each message has the time at which it was sent.
/// Thread-safe.
/// </summary>
internal sealed class ChatDeliveries
{
    private const string Prefix = "bench ";
    private const int MaxMilliseconds = 120_000;
    private readonly int[] _delays = new int[MaxMilliseconds + 1];
    private long _from = long.MaxValue;
    private long _to = long.MaxValue;
    private long _count;
    private long _bytes;
    private long _responses;
    private long _errors;

    /// <summary>Number of messages that were sent in the measured time and received, over all readers.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Received bytes in the measured time, with headers of HTTP.</summary>
    public long Bytes { get; private set; }

    /// <summary>Responses in the measured time.</summary>
    public long Responses { get; private set; }

    /// <summary>Failed requests and lost connections in the measured time.</summary>
    public long Errors { get; private set; }

    /// <summary>Returns the text of a message.</summary>
    /// <param name="sentAt">Time of sending.</param>
    public static string TextOf(long sentAt) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sentAt} and about as long as others");

    /// <summary>Finds the time of sending in a text.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long sentAt)
    {
        sentAt = 0;
        return text.StartsWith("bench "u8) && Utf8Parser.TryParse(text[Prefix.Length..], out sentAt, out _);
    }

    /// <summary>Begins the measured time. Messages that were sent before do not count.</summary>
    public void Begin()
    {
        Interlocked.Exchange(ref _bytes, 0);
        Interlocked.Exchange(ref _responses, 0);
        Interlocked.Exchange(ref _errors, 0);
        Interlocked.Exchange(ref _from, Stopwatch.GetTimestamp());
    }

    /// <summary>Ends the measured time. Messages that were sent before still count when they arrive later.</summary>
    public void End()
    {
        Interlocked.Exchange(ref _to, Stopwatch.GetTimestamp());
        (Bytes, Responses, Errors) = (Interlocked.Read(ref _bytes), Interlocked.Read(ref _responses), Interlocked.Read(ref _errors));
    }

    /// <summary>Indicates whether a message counts.</summary>
    public bool Counts(long sentAt) => sentAt >= Interlocked.Read(ref _from) && sentAt <= Interlocked.Read(ref _to);

    /// <summary>Counts a message that a reader has received.</summary>
    /// <param name="sentAt">Time of sending.</param>
    /// <param name="shownAt">Time at which the reader has parsed it.</param>
    public void Add(long sentAt, long shownAt)
    {
        if (Counts(sentAt))
        {
            Interlocked.Increment(
                ref _delays[(int)Math.Clamp(Stopwatch.GetElapsedTime(sentAt, shownAt).TotalMilliseconds, 0, MaxMilliseconds)]);
            Interlocked.Increment(ref _count);
        }
    }

    /// <summary>Counts received bytes.</summary>
    public void AddBytes(int count) => Interlocked.Add(ref _bytes, count);

    /// <summary>Counts a complete response.</summary>
    public void AddResponse() => Interlocked.Increment(ref _responses);

    /// <summary>Counts a failed request or a lost connection.</summary>
    public void AddError() => Interlocked.Increment(ref _errors);

    /// <summary>Returns the delay in milliseconds that a share of the received messages did not exceed; 0 without messages.</summary>
    public int Percentile(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        for (var (i, sum) = (0, 0L); i < _delays.Length; i++)
        {
            sum += _delays[i];
            if (sum >= rank && sum > 0)
            {
                return i;
            }
        }

        return 0;
    }
}
