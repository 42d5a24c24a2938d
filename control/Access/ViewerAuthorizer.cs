using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Access;

/// <summary>Authorizes viewers from memory, or through the auth callback of a channel.</summary>
internal sealed class ViewerAuthorizer(ViewerPolicyCache policies, ViewerAuthCache authCache,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IViewerAuthorizer
{
    /// <summary>
    /// Cache lifetime of a positive decision at edges: how long a revoked token, or a channel that is no longer public, still gives access
    /// there.
    /// </summary>
    internal static readonly TimeSpan AllowedLifetime = TimeSpan.FromSeconds(5);

    /// <summary>Cache lifetime of a negative decision at edges: it limits floods, and new permissions apply soon.</summary>
    internal static readonly TimeSpan DeniedLifetime = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken)
    {
        if (policies.Find(request.Channel) is not { } policy)
        {
            return new(policies.IsLoaded ? new ViewerDecision(ViewerDenialReason.NoChannel, DeniedLifetime)
                : new ViewerDecision(ViewerDenialReason.Unavailable, TimeSpan.Zero));
        }

        // With access policies per session, an edge must not cache the decision per channel alone.
        var decision = EvaluateAsync(policy, request, cancellationToken);
        return policy.Sessions.Count == 0 && request.StoredAccess is null ? decision : OfSessionAsync(decision);
    }

    /// <inheritdoc/>
    public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) =>
        policies.Find(channel)?.AccessOf(session, noted);

    private static async ValueTask<ViewerDecision> OfSessionAsync(ValueTask<ViewerDecision> decision) =>
        await decision with { IsSessionSpecific = true };

    private ValueTask<ViewerDecision> EvaluateAsync(ViewerAccessPolicy policy, ViewerRequest request, CancellationToken cancellationToken)
    {
        // A preview token that is invalid for previews is evaluated like any other token: it may give access to the visible session.
        if (ViewerToken.IsPreviewToken(request.Token) && OfToken(policy, request) is { IsAllowed: true } allowed)
        {
            return new(allowed with { AllowsPreview = true });
        }

        return policy.AccessOf(request.Session, request.StoredAccess) switch
        {
            // A token is ignored where none is required: links keep working when their channel becomes public.
            ViewerAccess.Public => new(new ViewerDecision(null, AllowedLifetime)
            {
                Viewer = request is { NeedsViewer: true, Token: not null } ? OfToken(policy, request).Viewer : null,
            }),
            ViewerAccess.Webhook => authCache.AuthorizeAsync(request, cancellationToken),
            _ => new(OfToken(policy, request)),
        };
    }

    private ViewerDecision OfToken(ViewerAccessPolicy policy, ViewerRequest request)
    {
        var now = time.GetUtcNow();
        if (policy.ValidateToken(request.Channel, request.Token, request.Address, now, out var token) is { } reason)
        {
            return new(reason, DeniedLifetime);
        }

        var left = token!.ExpiresAt - now;
        return new(null, left < AllowedLifetime ? left : AllowedLifetime)
        {
            Viewer = request.NeedsViewer ? $"{token.KeyId}.{token.Id}" : null,
        };
    }
}
