using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Database;

namespace Broadcast.Control.Recordings;

/// <summary>
/// Permission of an API caller to shorten the retention of existing recordings, which deletes them earlier. Deleting recordings is for
/// admins. A producer needs the confirmation in the request, and a token with scopes also the scope of recordings.
/// </summary>
/// <param name="Role">Role of the caller.</param>
/// <param name="CanWriteRecordings">Whether the caller has the scope <c>recordings:write</c>; users and tokens without scopes do.</param>
/// <param name="IsConfirmed">Whether the request has the member <see cref="Member"/>.</param>
internal sealed record RetentionPermission(TokenRole Role, bool CanWriteRecordings, bool IsConfirmed)
{
    /// <summary>Member of a request that confirms the deletion of recordings.</summary>
    public const string Member = "expireRecordings";

    private const string Scope = "recordings:write";

    /// <summary>Gets the permission of a caller.</summary>
    public static RetentionPermission Of(TokenRole role, TokenLimits limits, bool isConfirmed) =>
        new(role, limits.Scopes?.Contains(Scope, StringComparer.Ordinal) != false, isConfirmed);

    /// <summary>Throws unless the caller may shorten the retention of existing recordings.</summary>
    /// <param name="recordings">Number of recordings and clips that expire earlier.</param>
    /// <exception cref="OperationException">The caller lacks the scope (<see cref="OperationErrorCode.Denied"/>) or the confirmation
    /// (<see cref="OperationErrorCode.Conflict"/>).</exception>
    public void ThrowIfDenied(long recordings)
    {
        if (recordings == 0)
        {
            return;
        }

        var effect = string.Create(CultureInfo.InvariantCulture,
            $"This retention is shorter: {recordings} existing {(recordings == 1 ? "recording expires" : "recordings expire")} earlier");
        if (!CanWriteRecordings)
        {
            throw new OperationException(OperationErrorCode.Denied, $"{effect}. Scope {Scope} is required; the token does not have it.");
        }

        if (Role < TokenRole.Admin && !IsConfirmed)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"{effect}. Ask an admin, or confirm it with \"{Member}\": true in the request.")
            {
                Needs = Member,
            };
        }
    }
}
