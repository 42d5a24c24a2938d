namespace Broadcast.Control.Api;

/// <summary>Whose request it is: a token's, or a person's who logged in.</summary>
/// <param name="Kind">Which of the two.</param>
/// <param name="Id">A token's id, a user's name.</param>
/// <param name="Name">A token's label, what people call a user; may be empty.</param>
/// <param name="Role">What they may do.</param>
internal sealed record Holder(ActorKind Kind, string Id, string Name, TokenRole Role)
{
    /// <summary>The person, when it is one.</summary>
    public LoggedIn? User { get; init; }

    /// <summary>What else limits a token; a person has no such limits.</summary>
    public TokenLimits Limits { get; init; } = new();

    /// <summary>A token's holder.</summary>
    public static Holder Of(TokenInfo token) => new(ActorKind.Token, token.Id, token.Label, token.Role) { Limits = token.Limits };

    /// <summary>A person.</summary>
    public static Holder Of(LoggedIn user) => new(ActorKind.User, user.Name, user.DisplayName, user.Role) { User = user };

    /// <summary>As the audit log names them.</summary>
    public Actor At(string address) => new(Kind, Id, Name, address);
}
