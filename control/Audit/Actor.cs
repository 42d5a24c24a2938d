namespace Broadcast.Control;

/// <summary>What kind of somebody an <see cref="Actor"/> is.</summary>
public enum ActorKind
{
    /// <summary>A person who logged in.</summary>
    User,

    /// <summary>A program with a bearer token.</summary>
    Token,

    /// <summary>Somebody at a shell of the server's machine.</summary>
    Command,

    /// <summary>The schedule of events.</summary>
    Schedule,

    /// <summary>The server by itself, or for somebody who showed neither token nor login.</summary>
    Server,
}

/// <summary>Who changes something, as the audit log names them.</summary>
/// <param name="Kind">What kind of somebody it is.</param>
/// <param name="Id">What identifies them among their kind: a user's name, a token's id, the account at the shell; may be empty.</param>
/// <param name="Name">What people call them: a token's label, the command that was given; may be empty.</param>
/// <param name="Address">Where the request came from; empty where there was none.</param>
public sealed record Actor(ActorKind Kind, string Id, string Name, string Address)
{
    private static readonly AsyncLocal<Actor?> Acting = new();

    /// <summary>The server by itself.</summary>
    public static Actor Server { get; } = new(ActorKind.Server, "", "", "");

    /// <summary>Who acts in this flow of execution; <see cref="Server"/> when nobody said so.</summary>
    public static Actor Current => Acting.Value ?? Server;

    /// <summary>Lets an actor be the current one of this flow of execution, until what is returned is disposed of.</summary>
    public static IDisposable Be(Actor actor)
    {
        var before = Acting.Value;
        Acting.Value = actor;
        return new Scope(before);
    }

    private sealed class Scope(Actor? before) : IDisposable
    {
        public void Dispose() => Acting.Value = before;
    }
}
