using System.Net;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Counts wrong logins. <see cref="ControlOptions.AttemptsPerMinute"/> from one address in a minute, or ten times as many for one name from anywhere, and further ones are refused unread, right or wrong. Wrong codes of a
/// second factor are counted by user and for longer: whoever guesses at one has the password already.
/// </summary>
internal sealed class LoginAttempts(IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>Wrong codes of one user within <see cref="CodeWindow"/> after which none is looked at.</summary>
    public const int MaxCodes = 5;

    /// <summary>How long wrong codes count.</summary>
    public static readonly TimeSpan CodeWindow = TimeSpan.FromMinutes(15);

    private const int ForOneName = 10;
    private readonly FailureCount _logins = new(time);
    private readonly FailureCount _codes = new(time, CodeWindow);

    /// <summary>Whether there were too many wrong logins lately.</summary>
    public bool IsOver(EndPoint? remote, string name) =>
        _logins.Of(From(remote)) >= options.Value.AttemptsPerMinute || _logins.Of(For(name)) >= options.Value.AttemptsPerMinute * ForOneName;

    /// <summary>Counts a wrong login.</summary>
    public void Failed(EndPoint? remote, string name)
    {
        _logins.Add(From(remote));
        _logins.Add(For(name));
    }

    /// <summary>Whether there were too many wrong codes lately.</summary>
    public bool IsOverForCodes(long user) => _codes.Of(Key(user)) >= MaxCodes;

    /// <summary>Counts a wrong code.</summary>
    public void CodeFailed(long user) => _codes.Add(Key(user));

    private static string? From(EndPoint? remote) => AttemptThrottle.Network(remote)?.ToString();

    private static string For(string name) => "for " + (name.Length > 64 ? name[..64] : name);

    private static string Key(long user) => user.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
