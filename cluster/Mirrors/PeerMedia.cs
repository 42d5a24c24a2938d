using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Grpc.Core;

namespace Broadcast.Cluster.Mirrors;

/// <summary>Bytes read from an object at the server that owns its session.</summary>
/// <param name="Data">The bytes.</param>
/// <param name="Offset">Offset of the first byte.</param>
/// <param name="TotalLength">Size of the whole object in bytes.</param>
internal sealed record PeerContent(ReadOnlyMemory<byte> Data, long Offset, long TotalLength);

/// <summary>
/// Reads media of mirrored sessions from their owners: what was announced before the mirror began, or no longer fits in memory. Concurrent
/// reads of the same range share one request. Thread-safe.
/// </summary>
/// <param name="services">Shared services.</param>
/// <param name="maxBytes">Maximum bytes of all ranges that are being read; a further one fails.</param>
internal sealed class PeerMedia(MirrorServices services, long maxBytes = 256 << 20)
{
    /// <summary>Maximum size of a range.</summary>
    public const int MaxLength = 64 << 20;

    /// <summary>Maximum number of concurrent requests; a further one fails at once.</summary>
    private const int MaxRequests = 256;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly Counter<long> Reads = Telemetry.Meter.CreateCounter<long>("broadcast_cluster_peer_reads", "{request}",
        "Ranges of objects requested from the servers that own their sessions.");

    private readonly ConcurrentDictionary<(ObjectName Name, long Offset, long Length), Lazy<Task<PeerContent?>>> _requests = new();
    private long _bytes;

    /// <summary>Reads a range.</summary>
    /// <param name="mirror">The mirror of the object's session.</param>
    /// <param name="name">Name of the object.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="length">Maximum number of bytes; <see langword="null"/> for all that follow.</param>
    /// <param name="cancellationToken">Cancels the wait, not the request, which others may share.</param>
    /// <returns><see langword="null"/> when the owner does not have the object, or does not respond.</returns>
    public async Task<PeerContent?> TryReadAsync(SessionMirror mirror, ObjectName name, long offset, long? length,
        CancellationToken cancellationToken)
    {
        var key = (name, offset, length ?? 0);
        if (mirror.Owner.Address is null || (_requests.Count >= MaxRequests && !_requests.ContainsKey(key)))
        {
            return null;
        }

        var request = _requests.GetOrAdd(key, _ => new(() => RunAsync()));
        return await request.Value.WaitAsync(cancellationToken);

        // The request removes itself: all readers may have left before it completes.
        async Task<PeerContent?> RunAsync()
        {
            await Task.Yield();
            try
            {
                return await ReadAsync(mirror, name, offset, length ?? 0);
            }
            finally
            {
                _requests.TryRemove(key, out _);
            }
        }
    }

    private async Task<PeerContent?> ReadAsync(SessionMirror mirror, ObjectName name, long offset, long length)
    {
        Reads.Add(1);
        using var timeout = new CancellationTokenSource(Timeout, services.Time);
        var reserved = 0L;
        try
        {
            var client = await services.Peers.SessionsOfAsync(mirror.Owner, timeout.Token);
            using var call = client.Read(new ReadRequest { Object = name.Value, Offset = offset, Length = length },
                cancellationToken: timeout.Token);
            byte[]? data = null;
            var (filled, total) = (0, 0L);
            while (await call.ResponseStream.MoveNext(timeout.Token))
            {
                var reply = call.ResponseStream.Current;
                if (data is null)
                {
                    if (reply.Length < 0 || reply.Length > (length > 0 ? Math.Min(length, MaxLength) : MaxLength)
                        || reply.TotalLength < offset + reply.Length)
                    {
                        throw new InvalidDataException($"{reply.Length} bytes of {reply.TotalLength}");
                    }

                    reserved = reply.Length;
                    if (Interlocked.Add(ref _bytes, reserved) > maxBytes)
                    {
                        throw new IOException($"more than {maxBytes} bytes are being read");
                    }

                    (data, total) = (new byte[reply.Length], reply.TotalLength);
                }

                if (reply.Data.Length > data.Length - filled)
                {
                    throw new InvalidDataException("more bytes than announced");
                }

                reply.Data.Span.CopyTo(data.AsSpan(filled));
                filled += reply.Data.Length;
            }

            if (data is null || filled < data.Length)
            {
                throw new InvalidDataException("fewer bytes than announced");
            }

            services.Media.Add(name, offset, data);
            return new PeerContent(data, offset, total);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
        catch (Exception error) when (error is RpcException or IOException or InvalidDataException or OperationCanceledException)
        {
            ClusterLog.PeerReadFailed(services.Logger, name, ClusterLog.ReasonOf(error));
            return null;
        }
        finally
        {
            Interlocked.Add(ref _bytes, -reserved);
        }
    }
}
