namespace Broadcast.Control;

/// <summary>What kind of answer a <see cref="ControlException"/> is.</summary>
public enum ControlCode
{
    /// <summary>The request holds bad values; <see cref="ControlException.Mistakes"/> lists each.</summary>
    Invalid,

    /// <summary>What was named does not exist.</summary>
    NotFound,

    /// <summary>It contradicts what is there, such as a name already taken.</summary>
    Conflict,

    /// <summary>It is not any more as the caller saw it; nothing was changed.</summary>
    Stale,

    /// <summary>Not allowed: a wrong set-up code, say.</summary>
    Refused,

    /// <summary>Tried too often; try again later.</summary>
    TooMany,

    /// <summary>The database cannot be asked now; the same request may work later.</summary>
    Unavailable,

    /// <summary>The installation is not fit: no PostgreSQL installed, a schema newer than the program. Trying again does not help.</summary>
    Broken,
}

/// <summary>One thing wrong with a request.</summary>
/// <param name="Member">The member it is about, as the API spells it.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record Mistake(string Member, string Message);

/// <summary>The control room could not do what it was asked. The message says what to do and holds no secret.</summary>
public sealed class ControlException : Exception
{
    /// <summary>One problem.</summary>
    public ControlException(ControlCode code, string message, Exception? inner = null) : base(message, inner)
    {
        Code = code;
        Mistakes = [];
    }

    /// <summary>Bad values, all of them at once.</summary>
    public ControlException(IReadOnlyList<Mistake> mistakes) : base(string.Join(" ", mistakes.Select(m => m.Message)))
    {
        Code = ControlCode.Invalid;
        Mistakes = mistakes;
    }

    /// <summary>What kind of problem it is.</summary>
    public ControlCode Code { get; }

    /// <summary>Each mistake of an invalid request; empty for other codes.</summary>
    public IReadOnlyList<Mistake> Mistakes { get; }

    internal static ControlException NoChannel(string name) =>
        new(ControlCode.NotFound, $"There is no channel '{name}'. 'broadcast channel list' shows those there are.");
}
