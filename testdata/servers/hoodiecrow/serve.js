'use strict';

// serve.js PORT TLSPORT MODE: hoodiecrow-imap on loopback, in clear on PORT and
// over TLS on TLSPORT. In the working directory: tls.pem (key and certificate)
// and users (lines "name password").

const crypto = require('crypto');
const fs = require('fs');
const hoodiecrow = require('hoodiecrow-imap');

const [port, tlsPort, mode] = process.argv.slice(2);
const gmail = mode === 'gmail';
const pem = fs.readFileSync('tls.pem');

const users = {};
for (const line of fs.readFileSync('users', 'utf8').trim().split('\n')) {
  const [name, password] = line.split(' ');
  users[name] = { password };
}

const special = use => ({ 'special-use': '\\' + use });
const gmailFolders = {
  '[Gmail]': {
    flags: ['\\Noselect'],
    folders: {
      'All Mail': special('All'),
      Drafts: special('Drafts'),
      Important: {},
      'Sent Mail': special('Sent'),
      Spam: special('Junk'),
      Starred: special('Flagged'),
      Trash: special('Trash'),
    },
  },
};

const plugins = ['AUTH-PLAIN', 'CONDSTORE', 'CREATE-SPECIAL-USE', 'ENABLE', 'ID', 'IDLE', 'LITERALPLUS',
  'MOVE', 'NAMESPACE', 'SASL-IR', 'SPECIAL-USE', 'UIDPLUS', 'UNSELECT'];

function listen(secure, where) {
  const server = hoodiecrow({
    users,
    secureConnection: secure,
    credentials: { key: pem, cert: pem },
    plugins: plugins.concat(secure ? [] : ['STARTTLS'], gmail ? ['X-GM-EXT-1'] : []),
    id: { name: gmail ? 'GImap' : 'hoodiecrow' },
    storage: { INBOX: { messages: [] }, '': { separator: '/', folders: gmail ? gmailFolders : {} } },
  });
  // The plugin teaches the server the extension but does not announce it.
  if (gmail) {
    server.registerCapability('X-GM-EXT-1');
    // As on Gmail, the same message has the same number in every folder.
    server.messageHandlers.unshift((connection, message) => {
      const id = /^message-id:\s*(\S+)/im.exec(String(message.raw));
      if (id && !message['X-GM-MSGID']) {
        message['X-GM-MSGID'] = BigInt('0x' + crypto.createHash('sha256').update(id[1]).digest('hex').slice(0, 15)).toString();
      }
    });
  }
  server.listen(where, '127.0.0.1');
}

process.on('uncaughtException', error => console.error(error && error.stack));
process.on('SIGTERM', () => process.exit(0));
listen(false, Number(port));
listen(true, Number(tlsPort));
