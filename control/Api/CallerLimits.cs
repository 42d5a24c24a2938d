using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// How often a token or person may ask (<see cref="ControlOptions.ReadsPerSecond"/>, <see cref="ControlOptions.WritesPerSecond"/>): a program that runs wild does not keep others from their work; its token or login is still looked up for each request. A bucket of tokens
/// for each caller and kind of request, which holds <see cref="Burst"/> seconds' worth. There is one only for callers who are known, and it goes when it has been full for a while, so there are never more than callers who are active; strangers share <see cref="Slots"/>.
/// </summary>
internal sealed class CallerLimits : IDisposable
{
    /// <summary>How many seconds' worth of requests a caller who was quiet may send at once.</summary>
    public const int Burst = 10;

    /// <summary>How many buckets those share who show neither token nor login, by address: there are more addresses than memory.</summary>
    public const int Slots = 4096;

    private readonly PartitionedRateLimiter<string>? _reads;
    private readonly PartitionedRateLimiter<string>? _writes;

    /// <summary>The limits of the configuration.</summary>
    public CallerLimits(IOptions<ControlOptions> options)
        : this(options.Value.ReadsPerSecond, options.Value.WritesPerSecond, TimeSpan.FromSeconds(1))
    {
    }

    internal CallerLimits(int reads, int writes, TimeSpan period)
    {
        _reads = Limiter(reads, period);
        _writes = Limiter(writes, period);
    }

    /// <summary>Counts a request.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="isRead">Whether it changes nothing.</param>
    /// <returns>How long the caller has to wait, at least a second; <see langword="null"/> when it may be done.</returns>
    public TimeSpan? WaitOf(string caller, bool isRead)
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

        var second = TimeSpan.FromSeconds(1);
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) && wait > second ? wait : second;
    }

    /// <summary>Counts a request of somebody who shows neither token nor login, where none is asked for.</summary>
    /// <param name="address">Where it comes from; an IPv6 one counts as its /64.</param>
    /// <param name="isRead">Whether it changes nothing.</param>
    /// <returns>As for callers who are known.</returns>
    public TimeSpan? WaitOf(IPAddress? address, bool isRead)
    {
        var slot = address is null ? 0 : (uint)SubscriberNetwork.Of(address).GetHashCode() % Slots;
        return WaitOf(string.Create(CultureInfo.InvariantCulture, $"address/{slot}"), isRead);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reads?.Dispose();
        _writes?.Dispose();
    }

    private static PartitionedRateLimiter<string>? Limiter(int count, TimeSpan period)
    {
        if (count == 0)
        {
            return null;
        }

        return PartitionedRateLimiter.Create<string, string>(
            caller => RateLimitPartition.GetTokenBucketLimiter(
                caller, _ => new TokenBucketRateLimiterOptions { TokenLimit = count * Burst, TokensPerPeriod = count, ReplenishmentPeriod = period, QueueLimit = 0 }),
            StringComparer.Ordinal);
    }
}
