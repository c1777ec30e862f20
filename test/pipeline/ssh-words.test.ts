import { expect, it } from 'vitest';
import { sshWords } from '../../src/pipeline/ssh-words.ts';
import { load, withKeys } from '../config/load-text.ts';

it.each([
  ['user: app', 'ssh app@192.0.2.1'],
  ['port: 2222, config: false', 'ssh -F none -p 2222 root@192.0.2.1'],
  ['config: ["~/my config"], keys: [~/.ssh/id]', `ssh -F ~/'my config' -i ~/.ssh/id root@192.0.2.1`],
  ['proxy: jump@192.0.2.9', 'ssh -J jump@192.0.2.9 root@192.0.2.1'],
  ['proxy_command: "nc -x p %h %p"', `ssh -o 'ProxyCommand=nc -x p %h %p' root@192.0.2.1`],
])('says how a machine is reached with ssh: {%s}', (ssh, words) => {
  expect(sshWords(load(withKeys(`ssh: {${ssh}}`)), '192.0.2.1')).toBe(words);
});
