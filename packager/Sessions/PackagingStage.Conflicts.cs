using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;

namespace Broadcast.Packager.Sessions;

/// <content>Objects that another server wrote first: one of the two has lost the session without knowing it.</content>
internal sealed partial class PackagingStage
{
    /// <summary>Handles a name that is taken in the object store. The database tells whose session it is. Never throws.</summary>
    private void OnNameTaken(ObjectName name)
    {
        if (!ObjectNames.TryParse(name, out var parsed))
        {
            return;
        }

        if (_sessions.TryGet(parsed.Session, out var session) && session.Channel == parsed.Channel)
        {
            _ = ResolveAsync(session, name, parsed);
        }
        else if (IsReleased(parsed.Session))
        {
            // The object of the owner is the one that viewers know; this server would serve its own file instead.
            _context.Spool.Discard(name);
        }
    }

    private async Task ResolveAsync(SessionPackager session, ObjectName name, ParsedObjectName taken)
    {
        try
        {
            switch (await FindOwnershipAsync(session.Id, CancellationToken.None))
            {
                case SessionOwnership.Elsewhere:
                    await session.ReleaseAsync(CancellationToken.None);
                    Release(session);
                    _context.Spool.Discard(name);
                    break;
                case SessionOwnership.Undecided:
                    // The file waits in the spool.
                    _context.Deferred.Schedule(_context.Options.RetryInterval, () => _ = ResolveAsync(session, name, taken));
                    break;
                case var _ when taken.Kind == ObjectKind.Journal:
                    session.ReplaceJournal(taken.JournalNumber);
                    break;
                case SessionOwnership.Open when session.IsTakenOver:
                    // A former owner that was cut off from the database and from the other servers has continued to upload.
                    PackagerLog.ObjectReplaced(_context.Logger, name.Value, session.Id.Value, session.Channel.Value);
                    _context.Spool.Replace(name);
                    break;
                default:
                    // An operator decides.
                    break;
            }
        }
        catch (Exception failure)
        {
            PackagerLog.DeferredFailed(_context.Logger, failure);
        }
    }
}
