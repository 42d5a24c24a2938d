using System.Net;
using Broadcast.Control.Publishing;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Access;

/// <summary>
/// Cached viewer decisions of channels with an auth callback. Each combination of channel, token and address (IPv6: the /64) is requested
/// once and cached for as long as the response states. While the callback does not respond, a viewer gets access only if the last response
/// allowed it and is not older than <see cref="GracePeriod"/>.
/// </summary>
internal sealed class ViewerAuthCache(ViewerAuthCallback callback, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Maximum cached viewers; above it, the tenth with the earliest expiry is removed.</summary>
    public const int MaxCached = 100_000;

    /// <summary>Time after its expiry in which a positive response still counts while the callback does not respond.</summary>
    public static readonly TimeSpan GracePeriod = TimeSpan.FromMinutes(5);

    /// <summary>Delay before the next request for a viewer after a missing response.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    /// <summary>Denials of one token at one address per minute, after which it is denied there without a request.</summary>
    private const int MaxDenialsPerToken = 10;

    /// <summary>
    /// Different tokens of one address denied per minute, after which unknown viewers there are denied without a request: guessing. More
    /// than the viewers behind a carrier's shared address whose tokens expire in the same minute; their players repeat the same tokens.
    /// </summary>
    private const int MaxDeniedTokens = 1_000;

    /// <summary>Maximum concurrent requests for new viewers of one address: more than a household or an office needs.</summary>
    private const int MaxPendingPerAddress = 50;

    /// <summary>Maximum concurrent requests for new viewers.</summary>
    private const int MaxPending = 2_000;

    private readonly Dictionary<Viewer, CachedDecision> _cached = [];
    private readonly Dictionary<string, int> _pendingOf = [];
    private int _pendingCount;
    private readonly FailureCounter _denials = new(time);
    private readonly FailureCounter _deniedTokens = new(time);
    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();

    /// <summary>Time since the start, which does not follow steps of the system clock.</summary>
    private TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>Authorizes a viewer.</summary>
    public async ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken)
    {
        var viewer = new Viewer(request.Channel, request.Token, request.Address is { } address ? ClientNetwork.Of(address) : null);
        Task<CachedDecision> pending;
        lock (_lock)
        {
            var now = Now;
            var known = _cached.GetValueOrDefault(viewer);
            if (known is { Pending: null } && now < known.RetryAt)
            {
                return DecisionOf(viewer, known, now);
            }

            if (known is not { IsAllowed: true } && IsRepeatedlyDenied(viewer, isUnknown: known is null))
            {
                return new(ViewerDenialReason.Denied, IsCachedPerAddress(viewer) ? ViewerAuthorizer.DeniedLifetime : TimeSpan.Zero);
            }

            if (known is null)
            {
                if (_pendingCount >= MaxPending || _pendingOf.GetValueOrDefault(KeyOf(viewer)) >= MaxPendingPerAddress)
                {
                    return new(ViewerDenialReason.Unavailable, TimeSpan.Zero);
                }

                MakeRoom();
                _cached[viewer] = known = new();
            }

            // All callers share one request, which completes and is cached even if they are all canceled.
            pending = known.Pending ??= StartRequest(viewer, request, known);
        }

        var completed = await pending.WaitAsync(cancellationToken);
        lock (_lock)
        {
            return DecisionOf(viewer, completed, Now);
        }
    }

    private Task<CachedDecision> StartRequest(Viewer viewer, ViewerRequest request, CachedDecision known)
    {
        _pendingCount++;
        _pendingOf[KeyOf(viewer)] = _pendingOf.GetValueOrDefault(KeyOf(viewer)) + 1;
        return RequestAsync(viewer, request, known);
    }

    private async Task<CachedDecision> RequestAsync(Viewer viewer, ViewerRequest request, CachedDecision known)
    {
        await Task.Yield();   // leave the lock before the request
        var result = await callback.SendAsync(request);
        lock (_lock)
        {
            var now = Now;
            known.Pending = null;
            _pendingCount--;
            if (--_pendingOf[KeyOf(viewer)] == 0)
            {
                _pendingOf.Remove(KeyOf(viewer));
            }

            if (result.IsAllowed is { } isAllowed)
            {
                (known.IsAllowed, known.ExpiresAt, known.RetryAt) = (isAllowed, now + result.Lifetime, now + result.Lifetime);
                if (!isAllowed)
                {
                    CountDenial(viewer);
                }
            }
            else
            {
                known.RetryAt = now + RetryDelay;
            }

            return known;
        }
    }

    private bool IsRepeatedlyDenied(Viewer viewer, bool isUnknown) => _denials.CountOf(PairOf(viewer)) >= MaxDenialsPerToken
        || (isUnknown && _deniedTokens.CountOf(viewer.Network?.ToString()) >= MaxDeniedTokens);

    private void CountDenial(Viewer viewer)
    {
        if (_denials.CountOf(PairOf(viewer)) == 0)
        {
            _deniedTokens.Add(viewer.Network?.ToString());
        }

        _denials.Add(PairOf(viewer));
    }

    private static string? PairOf(Viewer viewer) =>
        viewer.Network is { } network ? $"{network} {viewer.Channel} {viewer.Token}" : null;

    private static ViewerDecision DecisionOf(Viewer viewer, CachedDecision known, TimeSpan now)
    {
        TimeSpan LifetimeUpTo(TimeSpan maximum) => !IsCachedPerAddress(viewer) ? TimeSpan.Zero
            : known.RetryAt - now < maximum ? known.RetryAt - now : maximum;
        return known.IsAllowed switch
        {
            true when now < known.ExpiresAt + GracePeriod => new(null, LifetimeUpTo(ViewerAuthorizer.AllowedLifetime)),
            false when now < known.ExpiresAt => new(ViewerDenialReason.Denied, LifetimeUpTo(ViewerAuthorizer.DeniedLifetime)),
            _ => new(ViewerDenialReason.Unavailable, TimeSpan.Zero) { ReplacesEarlier = true },
        };
    }

    /// <summary>
    /// Returns whether edges cache this decision per address. They cache decisions for the server's own token format by token alone, and
    /// decisions without a token by channel alone; those must not be cached.
    /// </summary>
    private static bool IsCachedPerAddress(Viewer viewer) => viewer.Token is not null
        && !(ViewerToken.TryParse(viewer.Token, out var token) && token.Network is null);

    private static string KeyOf(Viewer viewer) => viewer.Network?.ToString() ?? "";

    private void MakeRoom()
    {
        if (_cached.Count < MaxCached)
        {
            return;
        }

        foreach (var viewer in _cached.Where(k => k.Value.Pending is null).OrderBy(k => k.Value.ExpiresAt).Take(MaxCached / 10)
            .Select(k => k.Key).ToList())
        {
            _cached.Remove(viewer);
        }
    }

    private readonly record struct Viewer(ChannelName Channel, string? Token, IPAddress? Network);

    private sealed class CachedDecision
    {
        public Task<CachedDecision>? Pending { get; set; }

        public bool? IsAllowed { get; set; }

        public TimeSpan ExpiresAt { get; set; }

        public TimeSpan RetryAt { get; set; }
    }
}
