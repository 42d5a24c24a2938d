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
/// full for a while. Unauthenticated callers share <see cref="Slots"/> buckets. One caller has at most <see cref="MaxConcurrent"/> requests
/// in progress; further ones wait, without a database connection.
/// </summary>
internal sealed class CallerLimits : IDisposable
{
    /// <summary>Burst capacity after an idle period, in seconds' worth of requests.</summary>
    public const int Burst = 10;

    /// <summary>
    /// Number of buckets that unauthenticated callers share by address. It bounds memory, because addresses are unlimited.
    /// </summary>
    public const int Slots = 4096;

    /// <summary>Maximum number of concurrent requests of one authenticated caller, a third of the connections for requests.</summary>
    public const int MaxConcurrent = 4;

    /// <summary>Maximum number of waiting requests of one authenticated caller; a page of the dashboard sends some ten at once.</summary>
    public const int MaxWaiting = 64;

    /// <summary>Maximum number of concurrent searches in texts, which read all rows, of all callers; one caller has one.</summary>
    public const int MaxSearches = 2;

    /// <summary>Maximum number of waiting redemptions of setup codes, of one address and of all.</summary>
    public const int MaxWaitingSetups = 16;

    private readonly CallerPartitions _requests;
    private readonly CallerPartitions _searches;
    private readonly ConcurrencyLimiter _allSearches = CreateLimiter(MaxSearches, MaxWaiting);
    private readonly CallerPartitions _setups;
    private readonly ConcurrencyLimiter _allSetups = CreateLimiter(1, MaxWaitingSetups);
    private readonly CallerPartitions? _reads;
    private readonly CallerPartitions? _writes;

    /// <summary>Creates the limits from the configuration.</summary>
    public CallerLimits(IOptions<ControlOptions> options, TimeProvider time)
        : this(options.Value.ReadsPerSecond, options.Value.WritesPerSecond, TimeSpan.FromSeconds(1), time)
    {
    }

    internal CallerLimits(int reads, int writes, TimeSpan period, TimeProvider time)
    {
        _requests = new(static () => CreateLimiter(MaxConcurrent, MaxWaiting), time);
        _searches = new(static () => CreateLimiter(1, MaxWaiting), time);
        _setups = new(static () => CreateLimiter(1, MaxWaitingSetups), time);
        _reads = CreateBuckets(reads, period, time);
        _writes = CreateBuckets(writes, period, time);
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
    public TimeSpan? GetRetryDelay(IPAddress? address, bool isRead) => GetRetryDelay(BucketOf(address), isRead);

    /// <summary>Waits until a caller may run another request.</summary>
    /// <param name="caller">Caller of the request.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The right to run it, which ends with its disposal; <see langword="null"/> when too many requests are waiting.</returns>
    public ValueTask<IDisposable?> EnterAsync(string caller, CancellationToken cancellationToken) =>
        AcquireAsync(_requests, caller, null, cancellationToken);

    /// <summary>Waits until a caller may search. See <see cref="EnterAsync"/>.</summary>
    public ValueTask<IDisposable?> EnterSearchAsync(string caller, CancellationToken cancellationToken) =>
        AcquireAsync(_searches, caller, _allSearches, cancellationToken);

    /// <summary>Waits until an address may redeem a setup code; all addresses together redeem one at a time. See
    /// <see cref="EnterAsync"/>.</summary>
    public ValueTask<IDisposable?> EnterSetupAsync(IPAddress? address, CancellationToken cancellationToken) =>
        AcquireAsync(_setups, BucketOf(address), _allSetups, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _requests.Dispose();
        _searches.Dispose();
        _allSearches.Dispose();
        _setups.Dispose();
        _allSetups.Dispose();
        _reads?.Dispose();
        _writes?.Dispose();
    }

    private static string BucketOf(IPAddress? address)
    {
        var slot = address is null ? 0 : (uint)ClientNetwork.Of(address).GetHashCode() % Slots;
        return string.Create(CultureInfo.InvariantCulture, $"address/{slot}");
    }

    private static async ValueTask<IDisposable?> AcquireAsync(CallerPartitions callers, string caller, ConcurrencyLimiter? all,
        CancellationToken cancellationToken)
    {
        var lease = await callers.AcquireAsync(caller, cancellationToken);
        if (!lease.IsAcquired)
        {
            lease.Dispose();
            return null;
        }

        if (all is null)
        {
            return lease;
        }

        RateLimitLease? shared = null;
        try
        {
            shared = await all.AcquireAsync(1, cancellationToken);
            return shared.IsAcquired ? new BothLeases(lease, shared) : null;
        }
        finally
        {
            if (shared is not { IsAcquired: true })
            {
                shared?.Dispose();
                lease.Dispose();
            }
        }
    }

    private static ConcurrencyLimiter CreateLimiter(int concurrent, int waiting) =>
        new(new() { PermitLimit = concurrent, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    private static CallerPartitions? CreateBuckets(int count, TimeSpan period, TimeProvider time) => count == 0 ? null : new(
        () => new TokenBucketRateLimiter(new() { TokenLimit = count * Burst, TokensPerPeriod = count, ReplenishmentPeriod = period,
            QueueLimit = 0, AutoReplenishment = false }),
        time);

    /// <summary>The right of a caller, and the one shared by all.</summary>
    private sealed class BothLeases(RateLimitLease own, RateLimitLease shared) : IDisposable
    {
        public void Dispose()
        {
            shared.Dispose();
            own.Dispose();
        }
    }
}
