using Broadcast.Control.Identity;

namespace Broadcast.Control.Api;

// JSON of users and logins.

internal sealed record MeView(string Kind, string Name, string DisplayName, string Role, bool? Totp, string? Login)
{
    public static MeView From(Caller h) => new(AuditLog.Name(h.Kind), h.Id, h.Name, TokenRoles.Name(h.Role), h.User?.HasTotp,
        h.User?.Login.Id);
}

internal sealed record UserView(
    string Name, string DisplayName, string Role, bool Totp, DateTimeOffset CreatedAt, DateTimeOffset PasswordChangedAt,
    DateTimeOffset? LastLoginAt, DateTimeOffset? DisabledAt)
{
    public static UserView From(UserInfo u) => new(u.Name, u.DisplayName, TokenRoles.Name(u.Role), u.HasTotp, u.CreatedAt,
        u.PasswordChangedAt, u.LastLoginAt, u.DisabledAt);
}

internal sealed record LoginView(string Id, bool Current, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt,
    string Address, string Agent)
{
    public static LoginView From(LoginInfo l, string? current) =>
        new(l.Id, l.Id == current, l.CreatedAt, l.LastUsedAt, l.ExpiresAt, l.Address, l.Agent);
}

internal sealed record LoginRequest(string Name, string Password, string? Code);

internal sealed record LoginStateView(bool Authenticated);

internal sealed record LoggedInView(string Name);

internal sealed record PasswordChange(string Old, string Password);

internal sealed record NewPassword(string Password);

internal sealed record NewUser(string Name, string Password, string Role, string? DisplayName);

internal sealed record UserChangeBody(string? DisplayName, string? Role, bool? Disabled);

internal sealed record TotpStart(string Password);

internal sealed record TotpView(string Secret, string Uri);

internal sealed record TotpCode(string Code);

internal sealed record RecoveryCodesView(IReadOnlyList<string> RecoveryCodes);
