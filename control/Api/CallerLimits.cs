using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// Rate limits for API callers (<see cref="ControlOptions.ReadsPerSecond"/>, <see cref="ControlOptions.WritesPerSecond"/>), so that one
/// program cannot starve the others. Valid tokens and logins are still looked up for each request. Each caller has one token bucket per
/// kind of request, holding <see cref="Burst"/> seconds' worth. Buckets exist only for authenticated callers and are removed after being
/// full for a while. Unauthenticated callers share <see cref="Slots"/> buckets.
/// </summary>
internal sealed class CallerLimits : IDisposable
{
    /// <summary>Burst capacity after an idle period, in seconds' worth of requests.</summary>
    public const int Burst = 10;

    /// <summary>
    /// Number of buckets that unauthenticated callers share by address. It bounds memory, because addresses are unlimited.
    /// </summary>
    public const int Slots = 4096;

    private readonly PartitionedRateLimiter<string>? _reads;
    private readonly PartitionedRateLimiter<string>? _writes;

    /// <summary>Creates the limits from the configuration.</summary>
    public CallerLimits(IOptions<ControlOptions> options)
        : this(options.Value.ReadsPerSecond, options.Value.WritesPerSecond, TimeSpan.FromSeconds(1))
    {
    }

    internal CallerLimits(int reads, int writes, TimeSpan period)
    {
        _reads = CreateLimiter(reads, period);
        _writes = CreateLimiter(writes, period);
    }

    /// <summary>Counts a request of an authenticated caller.</summary>
    /// <param name="caller">Caller of the request.</param>
    /// <param name="isRead">Whether the request changes nothing.</param>
    /// <returns>Time to wait, at least one second; <see langword="null"/> when the request is allowed.</returns>
    public TimeSpan? GetRetryDelay(string caller, bool isRead)
    {
        if ((isRead ? _reads : _writes) is not { } limiter)
        {
            return null;
        }

        using var lease = limiter.AttemptAcquire(caller);
        if (lease.IsAcquired)
        {
            return null;
        }

        var minimum = TimeSpan.FromSeconds(1);
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter) && retryAfter > minimum ? retryAfter : minimum;
    }

    /// <summary>Counts a request without token and login.</summary>
    /// <param name="address">Source address; an IPv6 address counts as its /64.</param>
    /// <param name="isRead">Whether the request changes nothing.</param>
    /// <returns>Time to wait, at least one second; <see langword="null"/> when the request is allowed.</returns>
    public TimeSpan? GetRetryDelay(IPAddress? address, bool isRead)
    {
        var slot = address is null ? 0 : (uint)ClientNetwork.Of(address).GetHashCode() % Slots;
        return GetRetryDelay(string.Create(CultureInfo.InvariantCulture, $"address/{slot}"), isRead);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reads?.Dispose();
        _writes?.Dispose();
    }

    private static PartitionedRateLimiter<string>? CreateLimiter(int count, TimeSpan period)
    {
        if (count == 0)
        {
            return null;
        }

        return PartitionedRateLimiter.Create<string, string>(
            caller => RateLimitPartition.GetTokenBucketLimiter(
                caller, _ => new TokenBucketRateLimiterOptions { TokenLimit = count * Burst, TokensPerPeriod = count,
                    ReplenishmentPeriod = period, QueueLimit = 0 }),
            StringComparer.Ordinal);
    }
}
