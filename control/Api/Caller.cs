using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;

namespace Broadcast.Control.Api;

/// <summary>Authenticated caller: a token or a logged-in user.</summary>
/// <param name="Kind">Kind of caller.</param>
/// <param name="Id">Token id or user name.</param>
/// <param name="Name">Token label or display name; may be empty.</param>
/// <param name="Role">Role of the caller.</param>
internal sealed record Caller(ActorKind Kind, string Id, string Name, TokenRole Role)
{
    /// <summary>Kind and ID, which identify the caller among all callers.</summary>
    public string Key => $"{AuditLog.Name(Kind)}/{Id}";

    /// <summary>The user, when the caller is one.</summary>
    public AuthenticatedUser? User { get; init; }

    /// <summary>Further restrictions of a token; users have none.</summary>
    public TokenLimits Limits { get; init; } = new();

    /// <summary>Creates the caller for a token.</summary>
    public static Caller Of(TokenInfo token) => new(ActorKind.Token, token.Id, token.Label, token.Role) { Limits = token.Limits };

    /// <summary>Creates the caller for a user.</summary>
    public static Caller Of(AuthenticatedUser user) => new(ActorKind.User, user.Name, user.DisplayName, user.Role) { User = user };

    /// <summary>Permission to shorten the retention of existing recordings with a request.</summary>
    public RetentionPermission RetentionPermission(RequestBody body) =>
        Broadcast.Control.Recordings.RetentionPermission.Of(Role, Limits,
            body.Boolean(Broadcast.Control.Recordings.RetentionPermission.Member) == true);

    /// <summary>Actor of the audit log for this caller.</summary>
    public Actor ActorAt(string address) => new(Kind, Id, Name, address);
}
