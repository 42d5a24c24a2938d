using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Broadcast.Benchmarks;

/// <summary>A list of batches as a reader needs it.</summary>
/// <param name="Session">The session.</param>
/// <param name="First">Number of the first batch.</param>
/// <param name="Last">Number of the last batch.</param>
/// <param name="Included">Times at which the messages of the newest batches were sent, by batch, if the list includes these.</param>
internal sealed record BatchList(string Session, long First, long Last, IReadOnlyList<long[]> Included);

/// <summary>
/// Parsed responses. All readers get the same bytes; each compares its own with those that were parsed last, and parses them only when they
/// differ. The load generator shares its processor cores with the server, while real readers have their own. Thread-safe.
/// </summary>
internal sealed class ParsedBatches
{
    private const int MaxBatches = 256;
    private readonly ConcurrentDictionary<long, Parsed<long[]>> _batches = new();
    private Parsed<BatchList>? _list;

    /// <summary>Parses a list.</summary>
    /// <exception cref="JsonException">The list is invalid.</exception>
    public BatchList List(ReadOnlySpan<byte> body, bool isCompressed)
    {
        if (Volatile.Read(ref _list) is { } known && body.SequenceEqual(known.Body))
        {
            return known.Value;
        }

        using var json = Parse(body, isCompressed);
        var root = json.RootElement;
        var list = new BatchList(root.GetProperty("session").GetString()!, root.GetProperty("first").GetInt64(),
            root.GetProperty("last").GetInt64(),
            root.TryGetProperty("batches", out var batches) ? [.. batches.EnumerateArray().Select(TimesOf)] : []);
        Volatile.Write(ref _list, new(body.ToArray(), list));
        return list;
    }

    /// <summary>Parses a batch.</summary>
    /// <returns>Times at which its messages were sent.</returns>
    /// <exception cref="JsonException">The batch is invalid.</exception>
    public long[] Batch(long number, ReadOnlySpan<byte> body, bool isCompressed)
    {
        if (_batches.TryGetValue(number, out var known) && body.SequenceEqual(known.Body))
        {
            return known.Value;
        }

        using var json = Parse(body, isCompressed);
        var times = TimesOf(json.RootElement);
        _batches[number] = new(body.ToArray(), times);
        _batches.TryRemove(number - MaxBatches, out _);
        return times;
    }

    private static long[] TimesOf(JsonElement batch)
    {
        var times = new List<long>();
        foreach (var message in batch.GetProperty("messages").EnumerateArray())
        {
            if (ChatDeliveries.TryParse(Encoding.UTF8.GetBytes(message.GetProperty("text").GetString()!), out var sentAt))
            {
                times.Add(sentAt);
            }
        }

        return [.. times];
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> body, bool isCompressed)
    {
        if (!isCompressed)
        {
            return JsonDocument.Parse(body.ToArray());
        }

        using var gzip = new GZipStream(new MemoryStream(body.ToArray()), CompressionMode.Decompress);
        return JsonDocument.Parse(gzip);
    }

    private sealed record Parsed<T>(byte[] Body, T Value);
}
