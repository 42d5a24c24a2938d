using Broadcast.Ingest.Client;

namespace Broadcast.Benchmarks;

/// <summary>A server that is measured: ours, a part of ours, or the peer.</summary>
internal interface IServerUnderTest : IAsyncDisposable
{
    /// <summary>What tables call it.</summary>
    string Name { get; }

    /// <summary>Its processes, all of which are counted.</summary>
    int[] Processes { get; }

    /// <summary>Where encoders publish, one address for each.</summary>
    Task<IReadOnlyList<RtmpTarget>> TargetsAsync(int count);

    /// <summary>What it says of itself now.</summary>
    Task<ServerCounts> CountAsync();
}

/// <summary>What a server has counted since it started; <see langword="null"/> where it does not count that.</summary>
/// <param name="Frames">Frames of audio and video taken.</param>
/// <param name="Bytes">Bytes taken from publishers.</param>
/// <param name="Dropped">Frames lost inside because a stage was too slow.</param>
/// <param name="MediaBytes">Media that it holds in memory now, bytes.</param>
/// <param name="Connections">Publishers' connections that stand now.</param>
internal sealed record ServerCounts(double? Frames, double? Bytes, double? Dropped, double? MediaBytes, double? Connections);
