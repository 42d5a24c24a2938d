using System.CommandLine;
using Broadcast.Control;

namespace Broadcast.Host.Commands;

/// <summary><c>audit list</c>: who changed what.</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var actor = new Option<string?>("--actor") { Description = "Only by these: user, token, command, schedule, server, or one of them (token/ID)", HelpName = "KIND[/ID]" };
        var subject = new Option<string?>("--subject") { Description = "Only to these: channel, key, token, … or one of them (channel/NAME)", HelpName = "NOUN[/ID]" };
        var action = new Option<string?>("--action") { Description = "Only this, such as channel.create", HelpName = "NOUN.VERB" };
        var before = new Option<long?>("--before") { Description = "Only what is older than this row, to read on", HelpName = "ID" };
        var limit = new Option<int>("--limit") { Description = $"How many, 1 to {AuditLog.MaxPage}", HelpName = "N", DefaultValueFactory = _ => 50 };
        var list = new Command("list", "Show who changed what, newest first") { actor, subject, action, before, limit };
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var filter = new AuditFilter(parsed.GetValue(actor), parsed.GetValue(subject), parsed.GetValue(action), parsed.GetValue(before), parsed.GetValue(limit));
            var entries = await new AuditLog(database).ListAsync(filter, cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(entries.Select(e => new
                {
                    id = e.Id, at = e.At, actor = new { kind = AuditLog.Name(e.Actor.Kind), id = e.Actor.Id, name = e.Actor.Name, address = e.Actor.Address }, action = e.Action, subject = e.Subject, detail = e.Detail,
                }));
                return;
            }

            Output.Table(["id", "when", "who", "what", "to", "detail"], entries.Select(e => new[]
            {
                $"{e.Id}", $"{e.At:u}", Who(e.Actor), e.Action, e.Subject, string.Join(", ", e.Detail.Select(d => $"{d.Key}={d.Value}")),
            }));
        }));
        return new Command("audit", "Show who changed what") { list };
    }

    private static string Who(Actor actor) => string.Join(' ', ((string[])[AuditLog.Name(actor.Kind), actor.Id, actor.Name, actor.Address]).Where(t => t.Length > 0));
}
