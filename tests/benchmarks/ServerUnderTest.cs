using Broadcast.Publisher;

namespace Broadcast.Benchmarks;

/// <summary>A server under test: the product, a part of it, or nginx-rtmp.</summary>
internal interface IServerUnderTest : IAsyncDisposable
{
    /// <summary>Name in tables.</summary>
    string Name { get; }

    /// <summary>All processes that count.</summary>
    int[] Processes { get; }

    /// <summary>Returns publish addresses, one per encoder.</summary>
    Task<IReadOnlyList<RtmpTarget>> TargetsAsync(int count);

    /// <summary>Reads the current counters.</summary>
    Task<ServerCounts> CountAsync();
}

/// <summary>Counters of a server since its start; <see langword="null"/> for unsupported ones.</summary>
/// <param name="Frames">Received frames of audio and video.</param>
/// <param name="Bytes">Bytes received from publishers.</param>
/// <param name="Dropped">Frames lost internally because a stage was too slow.</param>
/// <param name="MediaBytes">Bytes of media currently held in memory.</param>
/// <param name="Connections">Open connections of publishers.</param>
internal sealed record ServerCounts(double? Frames, double? Bytes, double? Dropped, double? MediaBytes, double? Connections);
