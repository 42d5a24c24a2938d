namespace Broadcast.Control.Identity;

/// <summary>Kind of an <see cref="Actor"/>.</summary>
public enum ActorKind
{
    /// <summary>A logged-in user.</summary>
    User,

    /// <summary>A program with a bearer token.</summary>
    Token,

    /// <summary>A command on the server's machine.</summary>
    Command,

    /// <summary>The event scheduler.</summary>
    Schedule,

    /// <summary>The server itself, or a request without token and login.</summary>
    Server,
}

/// <summary>Originator of a change, as recorded in the audit log.</summary>
/// <param name="Kind">Kind of the actor.</param>
/// <param name="Id">User name, token id or shell account; may be empty.</param>
/// <param name="Name">Display name: a token's label or the command; may be empty.</param>
/// <param name="Address">Source address of the request; empty without a request.</param>
public sealed record Actor(ActorKind Kind, string Id, string Name, string Address)
{
    private static readonly AsyncLocal<Actor?> CurrentActor = new();

    /// <summary>The server itself.</summary>
    public static Actor Server { get; } = new(ActorKind.Server, "", "", "");

    /// <summary>Actor of the current flow of execution; <see cref="Server"/> by default.</summary>
    public static Actor Current => CurrentActor.Value ?? Server;

    /// <summary>Sets the current actor of this flow of execution until the returned object is disposed.</summary>
    public static IDisposable Use(Actor actor)
    {
        var previous = CurrentActor.Value;
        CurrentActor.Value = actor;
        return new Scope(previous);
    }

    private sealed class Scope(Actor? previous) : IDisposable
    {
        public void Dispose() => CurrentActor.Value = previous;
    }
}
